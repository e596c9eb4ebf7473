/** Runs the changes of each draft one after the other, so that answers arrive in the order in which they were made. */
export class ChangeQueue {
	readonly #ends = new Map<string, Promise<unknown>>();

	/** Runs `work` after everything that was asked for this draft before. `work` must not reject. */
	run<T>(draftId: string, work: () => Promise<T>): Promise<T> {
		const done = (this.#ends.get(draftId) ?? Promise.resolve()).then(work);
		this.#ends.set(draftId, done);
		return done;
	}

	/** Waits until everything asked so far was answered. */
	async settled(draftId: string): Promise<void> {
		await this.#ends.get(draftId);
	}

	/** Forgets a draft that was closed. */
	forget(draftId: string): void {
		this.#ends.delete(draftId);
	}
}
