import { SvelteMap } from 'svelte/reactivity';
import { toIpcError } from '$lib/host/errors';
import type { Host } from '$lib/host/host';
import type { ExportKind } from '$lib/ipc/generated/ExportKind';
import type { KeyView } from '$lib/ipc/generated/KeyView';
import type { PlanView } from '$lib/ipc/generated/PlanView';
import type { ProgressView } from '$lib/ipc/generated/ProgressView';
import type { ReceiptView } from '$lib/ipc/generated/ReceiptView';
import { Speedometer } from './speedometer';

/** Where one export stands. */
export type Phase =
	| { is: 'ready'; note: string | null }
	| { is: 'writing'; isCancelling: boolean }
	| { is: 'exists'; message: string }
	| { is: 'failed'; message: string }
	| { is: 'done'; receipt: ReceiptView };

/** One draft's export: from the plan to the receipt. */
export class ExportFlow {
	readonly draftId: string;
	readonly kind: ExportKind;
	path = $state('');
	plan = $state.raw<PlanView | null>(null);
	phase = $state.raw<Phase>({ is: 'ready', note: null });
	progress = $state.raw<ProgressView | null>(null);
	rate = $state<number | null>(null);
	secondsLeft = $state<number | null>(null);
	/** What the person typed to confirm a dangerous model. */
	typed = $state('');
	/** What seals the package; the key itself stays on its disk. */
	key = $state.raw<KeyView | null>(null);
	passphrase = $state('');
	keyError = $state<string | null>(null);
	/** Whether the sheet is open; an export goes on without it. */
	isOpen = $state(true);

	readonly #host: Host;
	readonly #now: () => number;

	constructor(host: Host, order: { draftId: string; kind: ExportKind; path: string }, now: () => number) {
		this.#host = host;
		this.#now = now;
		this.draftId = order.draftId;
		this.kind = order.kind;
		this.path = order.path;
	}

	/** Asks the engine what it would write. */
	async prepare(): Promise<void> {
		try {
			const isSealed = this.key !== null && !this.key.isLocked;
			const { draftId, kind, path } = this;
			this.plan = await this.#host.planExport({ draftId, kind, path, isSealed });
		} catch (reason) {
			this.phase = { is: 'failed', message: toIpcError(reason).message };
		}
	}

	/** Asks for another place. */
	async chooseTarget(): Promise<void> {
		try {
			const path = await this.#host.pickExportTarget(this.draftId, this.kind);
			if (path === null) return;
			this.path = path;
			this.phase = { is: 'ready', note: null };
			await this.prepare();
		} catch (reason) {
			this.phase = { is: 'failed', message: toIpcError(reason).message };
		}
	}

	/** Asks for a key to seal with. */
	async pickKey(): Promise<void> {
		this.keyError = null;
		try {
			const key = await this.#host.pickKey();
			if (key === null) return;
			this.key = key;
			this.passphrase = '';
			if (!key.isLocked) await this.prepare();
		} catch (reason) {
			this.keyError = toIpcError(reason).message;
		}
	}

	/** Tries the passphrase. */
	async unlock(): Promise<void> {
		if (this.key === null) return;
		this.keyError = null;
		try {
			this.key = await this.#host.checkKey({ path: this.key.path, passphrase: this.passphrase });
			await this.prepare();
		} catch (reason) {
			this.keyError = toIpcError(reason).message;
		}
	}

	/** No seal after all. */
	async dropKey(): Promise<void> {
		this.key = null;
		this.passphrase = '';
		this.keyError = null;
		await this.prepare();
	}

	/** Writes the package; `overwrite` only after the person said so. */
	async write(overwrite: boolean): Promise<void> {
		if (this.phase.is === 'writing') return;
		const meter = new Speedometer();
		this.phase = { is: 'writing', isCancelling: false };
		this.progress = null;
		this.rate = null;
		this.secondsLeft = null;
		const order = {
			draftId: this.draftId,
			kind: this.kind,
			path: this.path,
			overwrite,
			confirmation: this.typed,
			key: this.key === null ? null : { path: this.key.path, passphrase: this.passphrase },
		};
		try {
			const receipt = await this.#host.startExport(order, (progress) => {
				meter.add(progress.doneBytes, this.#now());
				this.progress = progress;
				this.rate = meter.rate();
				this.secondsLeft = meter.secondsLeft(progress.totalBytes);
			});
			this.phase = { is: 'done', receipt };
			this.passphrase = '';
		} catch (reason) {
			const { code, message } = toIpcError(reason);
			if (code === 'targetExists') this.phase = { is: 'exists', message };
			else if (code === 'cancelled')
				this.phase = { is: 'ready', note: 'Cancelled. Nothing was left behind.' };
			else this.phase = { is: 'failed', message };
		}
		// Behind a closed sheet nobody would see how it ended.
		this.isOpen = true;
	}

	/** Stops the writing. The answer comes with the rejection of `write`. */
	async cancel(): Promise<void> {
		if (this.phase.is !== 'writing') return;
		this.phase = { is: 'writing', isCancelling: true };
		try {
			await this.#host.cancelExport(this.draftId);
		} catch {
			// Too late to cancel: the receipt or the failure of `write` says what happened.
		}
	}
}

/** The exports of all drafts; at most one each. */
export class Exports {
	/** A refusal that came before there was a sheet to show it in. */
	refused = $state<string | null>(null);
	readonly #flows = new SvelteMap<string, ExportFlow>();
	readonly #host: Host;
	readonly #now: () => number;

	constructor(host: Host, now: () => number = () => performance.now()) {
		this.#host = host;
		this.#now = now;
	}

	/** The export of a draft, shown or not. */
	of(draftId: string): ExportFlow | null {
		return this.#flows.get(draftId) ?? null;
	}

	/** Asks for a place and opens the sheet with the plan. A running export is shown instead. */
	async begin(draftId: string, kind: ExportKind): Promise<void> {
		const running = this.of(draftId);
		if (running?.phase.is === 'writing') {
			running.isOpen = true;
			return;
		}
		this.refused = null;
		try {
			const path = await this.#host.pickExportTarget(draftId, kind);
			if (path === null) return;
			const flow = new ExportFlow(this.#host, { draftId, kind, path }, this.#now);
			this.#flows.set(draftId, flow);
			await flow.prepare();
		} catch (reason) {
			this.refused = toIpcError(reason).message;
		}
	}

	/** Closes the sheet. What is being written goes on. */
	hide(draftId: string): void {
		const flow = this.of(draftId);
		if (flow === null) return;
		if (flow.phase.is === 'writing') flow.isOpen = false;
		else this.#flows.delete(draftId);
	}

	/** Shows the sheet again. */
	show(draftId: string): void {
		const flow = this.of(draftId);
		if (flow !== null) flow.isOpen = true;
	}

	/** Forgets a draft that was closed. */
	forget(draftId: string): void {
		void this.of(draftId)?.cancel();
		this.#flows.delete(draftId);
	}
}
