/** What a key does to a text in which some of it is selected: what is replaced by what, and what is selected then. */
export interface Typed {
	from: number;
	to: number;
	text: string;
	selection: [number, number];
}

const INDENT = '    ';

/** Tab: spaces at the cursor up to the next column of the indent, or every selected line further in. */
export function indent(text: string, start: number, end: number): Typed {
	if (start === end) {
		const column = start - startOfLine(text, start);
		const spaces = INDENT.slice(column % INDENT.length);
		return {
			from: start,
			to: start,
			text: spaces,
			selection: [start + spaces.length, start + spaces.length],
		};
	}
	return changeLines(text, start, end, (line) => (line === '' ? line : INDENT + line));
}

/** Shift+Tab: every touched line further out. */
export function outdent(text: string, start: number, end: number): Typed {
	return changeLines(text, start, end, (line) => line.replace(/^(?: {1,4}|\t)/u, ''));
}

/** Enter: a line as far in as this one, and further after a colon. */
export function newLine(text: string, start: number, end: number): Typed {
	const line = text.slice(startOfLine(text, start), start);
	const spaces = /^[ \t]*/u.exec(line)?.[0] ?? '';
	const more = line.trimEnd().endsWith(':') ? INDENT : '';
	const added = `\n${spaces}${more}`;
	return { from: start, to: end, text: added, selection: [start + added.length, start + added.length] };
}

function startOfLine(text: string, at: number): number {
	return text.lastIndexOf('\n', at - 1) + 1;
}

function changeLines(text: string, start: number, end: number, change: (line: string) => string): Typed {
	const from = startOfLine(text, start);
	// A selection up to the start of a line does not touch that line.
	const last = end > start && text[end - 1] === '\n' ? end - 1 : end;
	const next = text.indexOf('\n', last);
	const to = next < 0 ? text.length : next;
	const before = text.slice(from, to).split('\n');
	const after = before.map(change);
	const changed = after.join('\n');
	if (start === end) {
		const at = Math.max(from, start + changed.length - (to - from));
		return { from, to, text: changed, selection: [at, at] };
	}
	return { from, to, text: changed, selection: [from, from + changed.length] };
}
