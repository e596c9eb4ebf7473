/** How long a pause in typing must be before what was typed becomes one undo step. */
const PAUSE_MILLIS = 600;

/**
 * A text that is saved as it is typed. Shows what is being typed until the engine has it, then what the engine has, so
 * that an answer to an older save never takes letters away.
 */
export class Autosave {
	error = $state<string | null>(null);
	#typed = $state<string | null>(null);
	#timer: ReturnType<typeof setTimeout> | undefined;
	readonly #saved: () => string;
	readonly #save: (text: string) => Promise<string | null>;

	constructor(saved: () => string, save: (text: string) => Promise<string | null>) {
		this.#saved = saved;
		this.#save = save;
	}

	get text(): string {
		return this.#typed ?? this.#saved();
	}

	set text(text: string) {
		this.#typed = text;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.flush(), PAUSE_MILLIS);
	}

	/** Forgets what was typed and is not saved. */
	drop(): void {
		clearTimeout(this.#timer);
		this.#typed = null;
		this.error = null;
	}

	/** Saves at once: when the field is left. */
	async flush(): Promise<void> {
		clearTimeout(this.#timer);
		const sent = this.#typed;
		if (sent === null) return;
		this.error = sent === this.#saved() ? null : await this.#save(sent);
		if (this.error === null && this.#typed === sent) this.#typed = null;
	}
}
