import { toIpcError } from '$lib/host/errors';
import type { Host } from '$lib/host/host';
import type { HereView } from '$lib/ipc/generated/HereView';
import type { JudgementView } from '$lib/ipc/generated/JudgementView';
import type { PackageView } from '$lib/ipc/generated/PackageView';

/** Something that is read beside the package: on its way, here, or not to be had, with the reason. */
export type Aside<T> =
	{ state: 'reading' } | { state: 'read'; value: T } | { state: 'failed'; reason: string };

/** The package that is being looked at, if one is. */
export class Receiving {
	shown = $state.raw<PackageView | null>(null);
	/** What loading it would run. */
	judgement = $state.raw<Aside<JudgementView>>({ state: 'reading' });
	/** Whether it will run on this computer. */
	here = $state.raw<Aside<HereView>>({ state: 'reading' });
	/** Why the last thing that was asked for did not happen. */
	error = $state<string | null>(null);
	/** Whether a copy is being opened. */
	isCopying = $state(false);
	readonly #host: Host;
	/** Which opening the asides belong to: an answer for one before it is late. */
	#opening = 0;

	constructor(host: Host) {
		this.#host = host;
	}

	/** Reads and checks a package. Gives `null` when it is shown, else the reason why not. */
	async open(path: string): Promise<string | null> {
		this.error = null;
		this.#opening += 1;
		const opening = this.#opening;
		[this.judgement, this.here] = [{ state: 'reading' }, { state: 'reading' }];
		// What takes longer comes after the rest is shown.
		void aside(this.#host.judgePackage(path)).then((judgement) => {
			if (opening === this.#opening) this.judgement = judgement;
		});
		void aside(this.#host.packageHere(path)).then((here) => {
			if (opening === this.#opening) this.here = here;
		});
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
		this.#opening += 1;
	}
}

async function aside<T>(answer: Promise<T>): Promise<Aside<T>> {
	try {
		return { state: 'read', value: await answer };
	} catch (reason) {
		return { state: 'failed', reason: toIpcError(reason).message };
	}
}
