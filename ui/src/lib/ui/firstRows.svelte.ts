/** The first rows of a long list, until somebody asks for all of them. */
export class FirstRows<T> {
	#isWhole = $state(false);
	readonly #rows: () => T[];
	readonly #count: number;

	/** `rows` is read again whenever what it depends on changes. */
	constructor(rows: () => T[], count: number) {
		this.#rows = rows;
		this.#count = count;
	}

	/** The rows to show. */
	get shown(): T[] {
		return this.#isWhole ? this.#rows() : this.#rows().slice(0, this.#count);
	}

	/** How many rows are left out. */
	get hidden(): number {
		return this.#rows().length - this.shown.length;
	}

	/** Shows all of them. An arrow, so that it can be handed to a button. */
	readonly showAll = (): void => {
		this.#isWhole = true;
	};
}
