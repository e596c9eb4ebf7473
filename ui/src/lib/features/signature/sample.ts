import type { ExampleView } from '$lib/ipc/generated/ExampleView';

/** Cells from a spreadsheet: rows by lines, cells by tabs; quoted cells may hold both. */
export function parseCells(text: string): string[][] {
	const rows: string[][] = [];
	let row: string[] = [];
	let cell = '';
	let isQuoted = false;
	for (let at = 0; at < text.length; at++) {
		const char = text[at] ?? '';
		if (isQuoted) {
			if (char === '"' && text[at + 1] === '"') {
				cell += '"';
				at++;
			} else if (char === '"') isQuoted = false;
			else cell += char;
		} else if (char === '"' && cell === '') isQuoted = true;
		else if (char === '\t') {
			row.push(cell);
			cell = '';
		} else if (char === '\n' || char === '\r') {
			if (char === '\r' && text[at + 1] === '\n') at++;
			rows.push([...row, cell]);
			row = [];
			cell = '';
		} else cell += char;
	}
	if (cell !== '' || row.length > 0) rows.push([...row, cell]);
	return rows;
}

/** The rows with one cell changed. */
export function withCell(rows: string[][], row: number, column: number, value: string): string[][] {
	return rows.map((cells, r) => (r === row ? cells.map((cell, c) => (c === column ? value : cell)) : cells));
}

/**
 * The rows with a block of cells laid over them from one cell on. Rows below the last are added; what is too wide is cut.
 * A first line that repeats the column names is left out.
 */
export function withBlock(
	example: Pick<ExampleView, 'columns' | 'rows'>,
	row: number,
	column: number,
	block: string[][],
): string[][] {
	const names = example.columns.slice(column);
	const first = block[0] ?? [];
	const isHeader = first.length > 0 && first.every((cell, index) => cell.trim() === names[index]);
	const cells = isHeader ? block.slice(1) : block;
	const rows = example.rows.map((existing) => [...existing]);
	cells.forEach((line, offset) => {
		const at = row + offset;
		rows[at] ??= example.columns.map(() => '');
		const target = rows[at];
		line.forEach((cell, index) => {
			if (column + index < example.columns.length) target[column + index] = cell.trim();
		});
	});
	return rows;
}
