import type { StructureRowView } from '$lib/ipc/generated/StructureRowView';

/** More rows than that open one level at a time. */
const OPEN_AT_FIRST = 40;

/** A row as it is shown now. */
export interface TreeRow {
	row: StructureRowView;
	/** Its place among all rows. */
	index: number;
	isParent: boolean;
	isOpen: boolean;
}

/** The rows of a structure as a tree. Every row is followed by what lies in it. */
export class Tree {
	readonly rows: readonly StructureRowView[];
	/** The place of the row around each, -1 for the outermost. */
	readonly #parents: Int32Array;

	constructor(rows: readonly StructureRowView[]) {
		this.rows = rows;
		this.#parents = new Int32Array(rows.length).fill(-1);
		const around: number[] = [];
		for (const [index, row] of rows.entries()) {
			around.length = Math.min(around.length, row.depth);
			this.#parents[index] = around.at(-1) ?? -1;
			around.push(index);
		}
	}

	/** The place of the row around this one, or -1. */
	parentOf(index: number): number {
		return this.#parents[index] ?? -1;
	}

	/** Whether anything lies in it. */
	isParent(index: number): boolean {
		return (this.rows[index + 1]?.depth ?? 0) > (this.rows[index]?.depth ?? 0);
	}

	/** What is open at first: all of a small tree, of a large one as many levels as stay in view. */
	openAtFirst(): Set<number> {
		let level = 1;
		const upTo = (depth: number) => this.rows.reduce((n, row) => n + (row.depth <= depth ? 1 : 0), 0);
		const deepest = this.rows.reduce((depth, row) => Math.max(depth, row.depth), 0);
		while (level < deepest && upTo(level + 1) <= OPEN_AT_FIRST) level += 1;
		const isSmall = upTo(level) <= OPEN_AT_FIRST || this.rows.filter(({ depth }) => depth === 0).length === 1;
		const open = new Set<number>();
		for (const [index, row] of this.rows.entries()) {
			if (isSmall && row.depth < level && this.isParent(index)) open.add(index);
		}
		return open;
	}

	/** What is open after one row was opened or closed. */
	toggled(open: ReadonlySet<number>, index: number): Set<number> {
		const next = new Set(open);
		if (!next.delete(index)) next.add(index);
		return next;
	}

	/** Every row that something lies in. */
	parents(): Set<number> {
		return new Set(this.rows.map((_, index) => index).filter((index) => this.isParent(index)));
	}

	/** The rows that are not in a closed one. With a search, those that hold its words and what they lie in. */
	shown(open: ReadonlySet<number>, words: readonly string[]): TreeRow[] {
		const shown: TreeRow[] = [];
		const kept = words.length === 0 ? null : this.#found(words);
		let closedAt = Infinity;
		for (const [index, row] of this.rows.entries()) {
			if (kept === null) {
				if (row.depth > closedAt) continue;
				closedAt = Infinity;
			} else if (kept[index] === 0) continue;
			const isParent = this.isParent(index);
			const isOpen = isParent && (kept !== null || open.has(index));
			if (isParent && !isOpen) closedAt = row.depth;
			shown.push({ row, index, isParent, isOpen });
		}
		return shown;
	}

	/** How many rows hold every word. */
	countFound(words: readonly string[]): number {
		return this.rows.reduce((n, row) => n + (holds(row, words) ? 1 : 0), 0);
	}

	/** The name of a row with the names around it: `encoder.layers.0`. */
	pathOf(index: number): string {
		const names: string[] = [];
		for (let at = index; at >= 0; at = this.parentOf(at)) {
			const name = this.rows[at]?.name ?? '';
			if (name !== '') names.unshift(name);
		}
		return names.join('.');
	}

	/** A row as a line of a table. */
	line(index: number): string {
		const row = this.rows[index];
		if (row === undefined) return '';
		const cells = [
			this.pathOf(index),
			row.class,
			row.detail ?? '',
			row.output ?? '',
			row.nParameters ?? '',
			row.sizeBytes ?? '',
		];
		return cells.join('\t');
	}

	/** All rows as a table with a heading. */
	table(): string {
		const heading = ['name', 'kind', 'detail', 'shape', 'parameters', 'bytes'].join('\t');
		return [heading, ...this.rows.map((_, index) => this.line(index))].join('\n');
	}

	#found(words: readonly string[]): Uint8Array {
		const kept = new Uint8Array(this.rows.length);
		for (const [index, row] of this.rows.entries()) {
			if (!holds(row, words)) continue;
			for (let at = index; at >= 0 && kept[at] === 0; at = this.parentOf(at)) kept[at] = 1;
		}
		return kept;
	}
}

/** The words of a search, in small letters. */
export function wordsOf(search: string): string[] {
	return search.toLowerCase().split(/\s+/u).filter(Boolean);
}

function holds(row: StructureRowView, words: readonly string[]): boolean {
	const text = `${row.name} ${row.class} ${row.detail ?? ''} ${row.output ?? ''}`.toLowerCase();
	return words.every((word) => text.includes(word));
}

/** A text cut where a word of the search stands in it. */
export function pieces(text: string, words: readonly string[]): { text: string; isFound: boolean }[] {
	const small = text.toLowerCase();
	// Letters that change their length with their size would mark the wrong ones.
	if (words.length === 0 || small.length !== text.length) return [{ text, isFound: false }];
	const marks = new Uint8Array(text.length);
	for (const word of words) {
		for (let at = small.indexOf(word); at >= 0; at = small.indexOf(word, at + 1)) {
			marks.fill(1, at, at + word.length);
		}
	}
	const found: { text: string; isFound: boolean }[] = [];
	for (let at = 0; at < text.length;) {
		let end = at + 1;
		while (end < text.length && marks[end] === marks[at]) end += 1;
		found.push({ text: text.slice(at, end), isFound: marks[at] === 1 });
		at = end;
	}
	return found;
}
