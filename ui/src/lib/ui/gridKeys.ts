import type { Attachment } from 'svelte/attachments';

const CONTROLS = 'button, select, input, a[href]';

/**
 * Makes the rows of a table body one tab stop: arrow keys move between the controls, Home and End inside a row. Text
 * that is being edited keeps its arrow keys, and Space or Alt+Down opens a select.
 */
export const gridKeys: Attachment<HTMLElement> = (body) => {
	let current: HTMLElement | undefined;

	const settle = () => {
		const all = controlsIn(body);
		if (current === undefined || !body.contains(current)) current = all[0];
		for (const control of all) control.tabIndex = control === current ? 0 : -1;
	};
	const onfocusin = (event: FocusEvent) => {
		if (event.target instanceof HTMLElement && event.target.matches(CONTROLS)) {
			current = event.target;
			settle();
		}
	};
	const onkeydown = (event: KeyboardEvent) => {
		if (event.target instanceof HTMLInputElement || event.altKey || event.ctrlKey || event.metaKey) return;
		if (!(event.target instanceof HTMLElement)) return;
		const next = neighbour(event.target, event.key);
		if (next === undefined) return;
		event.preventDefault();
		next.focus();
	};
	const observer = new MutationObserver(settle);
	observer.observe(body, { childList: true, subtree: true });
	body.addEventListener('focusin', onfocusin);
	body.addEventListener('keydown', onkeydown);
	settle();
	return () => {
		observer.disconnect();
		body.removeEventListener('focusin', onfocusin);
		body.removeEventListener('keydown', onkeydown);
	};
};

function controlsIn(element: Element): HTMLElement[] {
	return [...element.querySelectorAll<HTMLElement>(CONTROLS)];
}

function neighbour(from: HTMLElement, key: string): HTMLElement | undefined {
	const row = from.closest('tr');
	if (row === null) return undefined;
	const inRow = controlsIn(row);
	const at = inRow.indexOf(from);
	switch (key) {
		case 'ArrowRight':
			return inRow[at + 1];
		case 'ArrowLeft':
			return inRow[at - 1];
		case 'Home':
			return inRow[0];
		case 'End':
			return inRow.at(-1);
		case 'ArrowDown':
			return inNearestRow(row, 'nextElementSibling', from, at);
		case 'ArrowUp':
			return inNearestRow(row, 'previousElementSibling', from, at);
		default:
			return undefined;
	}
}

/** The control of the nearest row that has any: in the same cell column if possible, else at the same position. */
function inNearestRow(
	row: Element,
	direction: 'nextElementSibling' | 'previousElementSibling',
	from: HTMLElement,
	at: number,
): HTMLElement | undefined {
	const cell = from.closest('td, th');
	const column = cell instanceof HTMLTableCellElement ? cell.cellIndex : -1;
	for (let next = row[direction]; next !== null; next = next[direction]) {
		const controls = controlsIn(next);
		if (controls.length === 0) continue;
		const same = next.children.item(column);
		const inSame = same === null ? undefined : controlsIn(same)[0];
		return inSame ?? controls[Math.min(at, controls.length - 1)];
	}
	return undefined;
}
