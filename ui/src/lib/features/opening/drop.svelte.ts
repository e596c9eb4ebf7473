import type { DragDrop } from '$lib/host/host';

/** What is dragged over the window, and what a drop would do. */
export class DropState {
	paths = $state<string[] | null>(null);
	readonly #onpaths: (paths: string[]) => void;

	constructor(onpaths: (paths: string[]) => void) {
		this.#onpaths = onpaths;
	}

	handle(event: DragDrop): void {
		switch (event.type) {
			case 'enter':
				this.paths = event.paths;
				break;
			case 'over':
				// Some file managers send no list before the drop; the overlay then says less.
				this.paths ??= [];
				break;
			case 'leave':
				this.paths = null;
				break;
			case 'drop':
				this.paths = null;
				if (event.paths.length > 0) this.#onpaths(event.paths);
				break;
		}
	}
}
