import { SvelteMap } from 'svelte/reactivity';
import { ChangeQueue } from './queue';

/** Something asked of a draft that the engine has not answered yet. Gives whether it was done. */
type Asked = Promise<boolean>;

/** What is under way for one draft and could still be taken back, or made again, the last one last. */
interface Open {
	done: readonly Asked[];
	undone: readonly Asked[];
}

const NONE: Open = { done: [], undone: [] };

/**
 * Runs the changes of each draft one after the other, so that answers arrive in the order in which they were made.
 * An undo is about the change that the person saw last, answered or not: one that was refused is not undone, and
 * nothing else in its place.
 */
export class Changes {
	readonly #open = new SvelteMap<string, Open>();
	readonly #queue = new ChangeQueue();

	/** Makes a change after everything that was asked for this draft before. `work` says whether it was done. */
	edit(draftId: string, work: () => Promise<boolean>): Promise<void> {
		const asked = this.#queue.run(draftId, work);
		const { done } = this.#of(draftId);
		this.#set(draftId, { done: [...done, asked], undone: [] });
		return this.#answered(draftId, asked);
	}

	/** Takes the last change back, once it was answered. */
	undo(draftId: string, work: () => Promise<boolean>): Promise<void> {
		const { done, undone } = this.#of(draftId);
		const asked = this.#queue.run(draftId, afterThat(done.at(-1), work));
		this.#set(draftId, { done: done.slice(0, -1), undone: [...undone, asked] });
		return this.#answered(draftId, asked);
	}

	/** Makes the change again that was taken back last, once that was answered. */
	redo(draftId: string, work: () => Promise<boolean>): Promise<void> {
		const { done, undone } = this.#of(draftId);
		const asked = this.#queue.run(draftId, afterThat(undone.at(-1), work));
		this.#set(draftId, { done: [...done, asked], undone: undone.slice(0, -1) });
		return this.#answered(draftId, asked);
	}

	/** Whether a change is under way that an undo would be about. */
	canUndo(draftId: string): boolean {
		return this.#of(draftId).done.length > 0;
	}

	/** Whether an undo is under way that a redo would be about. */
	canRedo(draftId: string): boolean {
		return this.#of(draftId).undone.length > 0;
	}

	/** Whether anything is under way that will change what can be taken back. */
	isOpen(draftId: string): boolean {
		return this.#open.has(draftId);
	}

	/** Waits until everything asked so far was answered. */
	async settled(draftId: string): Promise<void> {
		await this.#queue.settled(draftId);
	}

	/** Forgets a draft that was closed. */
	forget(draftId: string): void {
		this.#queue.forget(draftId);
		this.#open.delete(draftId);
	}

	#of(draftId: string): Open {
		return this.#open.get(draftId) ?? NONE;
	}

	#set(draftId: string, open: Open): void {
		if (open.done.length + open.undone.length > 0) this.#open.set(draftId, open);
		else this.#open.delete(draftId);
	}

	/** From its answer on, the draft itself says what can be taken back. */
	async #answered(draftId: string, asked: Asked): Promise<void> {
		await asked;
		const { done, undone } = this.#of(draftId);
		const isOther = (other: Asked) => other !== asked;
		this.#set(draftId, { done: done.filter(isOther), undone: undone.filter(isOther) });
	}
}

/** `work`, unless what it is about was asked for and not done. */
function afterThat(about: Asked | undefined, work: () => Promise<boolean>): () => Promise<boolean> {
	return async () => (about === undefined || (await about) ? await work() : false);
}
