/** What was done with a dropped file, and what can be done with it besides. */
export interface Notice {
	id: number;
	/** The draft that it is about. */
	draftId: string;
	/** The file's path. */
	path: string;
	/** A sentence. */
	text: string;
	/** What stays behind, each with the reason. */
	details: string[];
	/** Whether the draft was changed, so that this can be taken back. */
	isChange: boolean;
	/** Taking every line of an environment file, not only its versions. */
	offer: string | null;
}

/** What was done with dropped files, for the drafts that are open. */
export class Notices {
	list = $state.raw<Notice[]>([]);
	#lastId = 0;

	/** Tells something. */
	add(draftId: string, path: string, told: Partial<Notice> & { text: string }): void {
		this.#lastId += 1;
		const nothing = { details: [], isChange: false, offer: null };
		this.list = [...this.list, { ...nothing, ...told, id: this.#lastId, draftId, path }];
	}

	/** Takes one away. */
	dismiss(id: number): void {
		this.list = this.list.filter((notice) => notice.id !== id);
	}

	/** Takes away all that is about a draft. */
	forget(draftId: string): void {
		this.list = this.list.filter((notice) => notice.draftId !== draftId);
	}
}
