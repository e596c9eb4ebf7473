import { toIpcError } from '$lib/host/errors';
import type { Host } from '$lib/host/host';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { ErrorCode } from '$lib/ipc/generated/ErrorCode';
import type { EnvironmentFileView } from '$lib/ipc/generated/EnvironmentFileView';
import type { ImportScopeRequest } from '$lib/ipc/generated/ImportScopeRequest';
import { Changes } from './changes.svelte';
import { Notices } from './notices.svelte';
import { addParts, giveNetwork, joinNetwork } from './parts';

/** Below this, a skeleton would only flicker. */
const SLOW_MILLIS = 150;

/** What is no model and belongs to one. */
const PARTS: readonly ErrorCode[] = ['pythonCode', 'dataFile', 'environmentFile'];

/** How many files are read at once. */
const READ_AT_ONCE = 4;

/** A file that is being read. */
export interface Reading {
	id: number;
	path: string;
	/** Whether it has taken long enough to be shown. */
	isSlow: boolean;
}

/** A file that gave no draft, and why. */
export interface Rejection {
	id: number;
	/** `null` when it was not about one file. */
	path: string | null;
	code: ErrorCode;
	message: string;
	/** The saved draft that is kept until the message is dismissed. */
	savedKey?: string;
}

/** The open drafts as the engine has them, which one is shown, and what could not be opened. */
export class Drafts {
	list = $state.raw<DraftView[]>([]);
	currentId = $state<string | null>(null);
	reading = $state<Reading[]>([]);
	rejections = $state<Rejection[]>([]);
	readonly notices = new Notices();
	readonly current = $derived(this.list.find((draft) => draft.id === this.currentId) ?? null);
	/** The first of the files that take long enough to be shown. */
	readonly slowest = $derived(this.reading.find((reading) => reading.isSlow) ?? null);

	readonly #host: Host;
	readonly #changes = new Changes();
	#lastId = 0;

	constructor(host: Host) {
		this.#host = host;
	}

	/** Fetches what is open already and opens what the command line named. */
	async start(): Promise<void> {
		await this.#reporting(null, async () => {
			this.list = await this.#host.listDrafts();
			this.currentId = this.list[0]?.id ?? null;
		});
		await Promise.all([this.#restore(), this.openPending()]);
	}

	/** Opens the paths of the command line and of second starts. */
	async openPending(): Promise<void> {
		await this.#reporting(null, async () => {
			await this.openPaths(await this.#host.takePendingPaths());
		});
	}

	/**
	 * Opens each path as a draft and shows the first that is one. Code, data and environment files go to the draft that is
	 * then shown, and so does the network that its weights lack; gives the section in which that shows, or `null` when
	 * none did.
	 */
	async openPaths(paths: string[]): Promise<'environment' | 'signature' | null> {
		if (paths.length > 0) this.#clear();
		const waiting = [...paths];
		const parts: Rejection[] = [];
		const opened: { path: string; id: string }[] = [];
		const shown = this.current;
		let isGiven = false;
		const work = async () => {
			for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
				const next = path;
				const offer = shown?.wantsNetwork === true ? await giveNetwork(this, shown.id, next) : null;
				if (offer?.isTaken === true) {
					isGiven = true;
					continue;
				}
				const draft = await this.#read(next, () => this.#host.openArtifact(next), parts);
				if (draft === null) continue;
				if (opened.length === 0) this.currentId = draft.id;
				opened.push({ path: next, id: draft.id });
				if (offer?.whyNot != null) {
					const text = `${offer.whyNot} It is open as a draft of its own.`;
					this.notices.add(draft.id, next, { text });
				}
			}
		};
		await Promise.all(Array.from({ length: Math.min(READ_AT_ONCE, paths.length) }, work));
		if (await joinNetwork(this, opened)) isGiven = true;
		return (await addParts(this, parts)) ?? (isGiven ? 'environment' : null);
	}

	/** Asks for Python files, or for a folder with them. */
	async pickCode(kind: 'files' | 'folder'): Promise<string[]> {
		let picked: string[] = [];
		await this.#reporting(null, async () => {
			picked = await (kind === 'files' ? this.#host.pickCode() : this.#host.pickCodeFolder());
		});
		return picked;
	}

	/** Asks for an environment file; gives it as the engine reads it, or `null` when there is none. */
	async pickEnvironment(id: string): Promise<EnvironmentFileView | null> {
		const path = await this.#host.pickEnvironment();
		return path === null ? null : await this.#host.readEnvironment(id, path);
	}

	/** What an environment file asks for, and how it fits the draft after every edit made so far. */
	async readEnvironment(id: string, path: string): Promise<EnvironmentFileView> {
		await this.settled(id);
		return await this.#host.readEnvironment(id, path);
	}

	/** Makes a file the network of weights alone, if they lack theirs and it is that. Gives why not, where it is another. */
	async takeNetwork(id: string, path: string): Promise<{ isTaken: boolean; whyNot: string | null }> {
		let whyNot: string | null = null;
		let isTaken = false;
		const work = async () => {
			const taken = await this.#host.takeNetwork(id, path);
			({ whyNot } = taken);
			isTaken = taken.draft !== null;
			return taken.draft;
		};
		// What a file is that cannot be read, opening it says.
		await this.#change(id, 'edit', work);
		return { isTaken, whyNot };
	}

	/** Takes requirement lines from an environment file. */
	importEnvironment(id: string, path: string, scope: ImportScopeRequest): Promise<string | null> {
		return this.#change(id, 'edit', () => this.#host.importEnvironment(id, path, scope));
	}

	/** Asks for a data file. */
	async pickSample(): Promise<string[]> {
		let picked: string[] = [];
		await this.#reporting(null, async () => {
			picked = await this.#host.pickSample();
		});
		return picked;
	}

	/** Asks for files and opens them. */
	async browse(): Promise<void> {
		await this.#reporting(null, async () => {
			await this.openPaths(await this.#host.pickArtifacts());
		});
	}

	/** Asks for a folder and opens it. */
	async browseFolder(): Promise<void> {
		await this.#reporting(null, async () => {
			await this.openPaths(await this.#host.pickArtifactFolder());
		});
	}

	/** Opens the model that ships with the program. */
	async openSample(): Promise<void> {
		this.#clear();
		const opened = await this.#read('sample model', () => this.#host.openSampleModel());
		if (opened !== null) this.currentId = opened.id;
	}

	/** Opens a copy of a package and shows it. Gives `null` when it is open, else the reason why not. */
	async copyPackage(path: string): Promise<string | null> {
		try {
			const copied = await this.#host.copyPackage(path);
			this.list = [copied, ...this.list];
			this.currentId = copied.id;
			return null;
		} catch (reason) {
			return toIpcError(reason).message;
		}
	}

	/** Shows a draft. */
	select(id: string): void {
		this.currentId = id;
	}

	/** Notes which draft is shown, for the next start. */
	noteShown(id: string): void {
		// Without the note the next start shows the newest draft, which is no reason for a message.
		this.#host.showDraft(id).catch(() => undefined);
	}

	/** Closes a draft and shows its neighbour if it was the one shown. */
	async close(id: string): Promise<void> {
		await this.#reporting(null, async () => {
			await this.settled(id);
			await this.#host.closeDraft(id);
			const at = this.list.findIndex((draft) => draft.id === id);
			this.list = this.list.filter((draft) => draft.id !== id);
			this.#changes.forget(id);
			this.notices.forget(id);
			if (this.currentId === id) this.currentId = (this.list[at] ?? this.list.at(-1))?.id ?? null;
		});
	}

	/** Applies an edit. Gives `null` when it was taken, else the reason why not, to be shown beside the field. */
	edit(id: string, edit: EditRequest): Promise<string | null> {
		return this.#change(id, 'edit', () => this.#host.editDraft(id, edit));
	}

	/** Takes the last change back; one that the engine has not answered yet, as soon as it has. */
	undo(id: string): Promise<string | null> {
		return this.#change(id, 'undo', () => this.#host.undoDraft(id));
	}

	/** Does it again. */
	redo(id: string): Promise<string | null> {
		return this.#change(id, 'redo', () => this.#host.redoDraft(id));
	}

	/** Whether there is something to take back, answered or not. */
	canUndo(draft: DraftView): boolean {
		return draft.undo !== null || this.#changes.canUndo(draft.id);
	}

	/** Whether there is something to make again, taken back already or about to be. */
	canRedo(draft: DraftView): boolean {
		return draft.redo !== null || this.#changes.canRedo(draft.id);
	}

	/** What an undo and a redo would do; `null` while that is not known. */
	labels({ id, undo, redo }: DraftView): { undo: string | null; redo: string | null } {
		return this.#changes.isOpen(id) ? { undo: null, redo: null } : { undo, redo };
	}

	/** Waits until every edit made so far was answered. */
	async settled(id: string): Promise<void> {
		await this.#changes.settled(id);
	}

	/** Adds a message. */
	reject(rejection: Rejection): void {
		this.rejections = [...this.rejections, rejection];
	}

	/** Says why what a rejection offers could not be done. */
	explain(id: number, message: string): void {
		this.rejections = this.rejections.map((rejection) =>
			rejection.id === id ? { ...rejection, message } : rejection,
		);
	}

	/** Takes one message away. */
	dismiss(id: number): void {
		this.#giveUp(this.rejections.filter((rejection) => rejection.id === id));
		this.rejections = this.rejections.filter((rejection) => rejection.id !== id);
	}

	/** Takes all messages away. */
	dismissAll(): void {
		this.#giveUp(this.rejections);
		this.rejections = [];
	}

	/** Opens the drafts of the last run again. A path that is opened meanwhile is shown instead of them. */
	async #restore(): Promise<void> {
		await this.#reporting(null, async () => {
			const saved = await this.#host.listSavedDrafts();
			for (const message of saved.problems) {
				this.rejections = [...this.rejections, { id: this.#nextId(), path: null, code: 'damaged', message }];
			}
			const waiting = saved.drafts.toReversed();
			const work = async () => {
				for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
					const { key, path } = next;
					const opened = await this.#read(path, () => this.#host.restoreDraft(key), undefined, key);
					if (key === saved.shown) this.currentId ??= opened?.id ?? null;
				}
			};
			await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
		});
		this.currentId ??= this.list[0]?.id ?? null;
	}

	/** Takes away what is about files that were opened before. Drafts that could not be opened again are kept. */
	#clear(): void {
		this.rejections = this.rejections.filter((rejection) => rejection.savedKey !== undefined);
	}

	#giveUp(rejections: Rejection[]): void {
		for (const { savedKey } of rejections) {
			// What cannot be removed is told again at the next start.
			if (savedKey !== undefined) this.#host.forgetSavedDraft(savedKey).catch(() => undefined);
		}
	}

	async #change(
		id: string,
		kind: 'edit' | 'undo' | 'redo',
		work: () => Promise<DraftView | null>,
	): Promise<string | null> {
		let refusal: string | null = null;
		await this.#changes[kind](id, async () => {
			try {
				const changed = await work();
				if (changed === null) return false;
				// What was told is about the draft as it was.
				this.notices.forget(id);
				this.list = this.list.map((draft) => (draft.id === id ? changed : draft));
				return true;
			} catch (reason) {
				refusal = toIpcError(reason).message;
				return false;
			}
		});
		return refusal;
	}

	/** Reads one path. What is Python code or data goes into `parts`, if that is wanted. */
	async #read(
		path: string,
		open: () => Promise<DraftView>,
		parts?: Rejection[],
		savedKey?: string,
	): Promise<DraftView | null> {
		const id = this.#nextId();
		this.reading = [...this.reading, { id, path, isSlow: false }];
		const slow = setTimeout(() => {
			this.reading = this.reading.map((reading) =>
				reading.id === id ? { ...reading, isSlow: true } : reading,
			);
		}, SLOW_MILLIS);
		let opened: DraftView | null = null;
		await this.#reporting(
			path,
			async () => {
				const draft = await open();
				// Restored ones arrive in any order.
				this.list = [draft, ...this.list].sort((one, other) => other.openedAtMillis - one.openedAtMillis);
				opened = draft;
			},
			parts,
			savedKey,
		);
		clearTimeout(slow);
		this.reading = this.reading.filter((reading) => reading.id !== id);
		return opened;
	}

	async #reporting(
		path: string | null,
		work: () => Promise<void>,
		parts?: Rejection[],
		savedKey?: string,
	): Promise<void> {
		try {
			await work();
		} catch (reason) {
			const error = toIpcError(reason);
			const rejection: Rejection = { id: this.#nextId(), path, code: error.code, message: error.message };
			if (savedKey !== undefined) rejection.savedKey = savedKey;
			const isPart = PARTS.includes(error.code);
			if (isPart && parts !== undefined) parts.push(rejection);
			else this.reject(rejection);
		}
	}

	#nextId(): number {
		this.#lastId += 1;
		return this.#lastId;
	}
}
