import { toIpcError } from '$lib/host/errors';
import type { Host } from '$lib/host/host';
import type { PackageView } from '$lib/ipc/generated/PackageView';

/** The package that is being looked at, if one is. */
export class Receiving {
	shown = $state.raw<PackageView | null>(null);
	/** Why the last thing that was asked for did not happen. */
	error = $state<string | null>(null);
	/** Whether a copy is being opened. */
	isCopying = $state(false);
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
	}

	/** Reads and checks a package. Gives `null` when it is shown, else the reason why not. */
	async open(path: string): Promise<string | null> {
		this.error = null;
		try {
			this.shown = await this.#host.readPackage(path, null);
			return null;
		} catch (reason) {
			return toIpcError(reason).message;
		}
	}

	/** Asks for a public key and checks the seal with it. */
	async pickKey(): Promise<void> {
		if (this.shown === null) return;
		this.error = null;
		try {
			const key = await this.#host.pickPublicKey();
			if (key !== null) this.shown = await this.#host.readPackage(this.shown.path, key);
		} catch (reason) {
			this.error = toIpcError(reason).message;
		}
	}

	/** Opens a copy as a draft with `open`, which gives the reason when it cannot, and looks away from the package. */
	async edit(open: (path: string) => Promise<string | null>): Promise<void> {
		const { shown } = this;
		if (shown === null || this.isCopying) return;
		this.error = null;
		this.isCopying = true;
		const problem = await open(shown.path);
		this.isCopying = false;
		if (this.shown !== shown) return;
		if (problem === null) this.close();
		else this.error = problem;
	}

	/** Looks away. */
	close(): void {
		this.shown = null;
		this.error = null;
	}
}
