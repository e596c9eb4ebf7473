import type { Attachment } from 'svelte/attachments';

/** Makes a list one tab stop: up and down walk through its rows, right and left to the button of a row and back. */
export const rowKeys: Attachment<HTMLElement> = (list) => {
	const onkeydown = (event: KeyboardEvent) => {
		const { target, key } = event;
		if (!(target instanceof HTMLElement)) return;
		const rows = [...list.querySelectorAll('li')];
		const at = rows.findIndex((row) => row.contains(target));
		if (at === -1) return;
		const buttonsIn = (row: Element | undefined) => [...(row?.querySelectorAll('button') ?? [])];
		const next = {
			ArrowDown: buttonsIn(rows[at + 1])[0],
			ArrowUp: buttonsIn(rows[at - 1])[0],
			ArrowRight: buttonsIn(rows[at])[1],
			ArrowLeft: buttonsIn(rows[at])[0],
		}[key];
		if (next === undefined) return;
		event.preventDefault();
		next.focus();
	};
	list.addEventListener('keydown', onkeydown);
	return () => {
		list.removeEventListener('keydown', onkeydown);
	};
};
