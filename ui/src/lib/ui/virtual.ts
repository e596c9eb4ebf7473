/** Rows that exist beyond the edges of the view, so that the arrow keys and fast scrolling always find one. */
const SPARE_ROWS = 12;

/** Which rows of a long table to draw: `[start, end)`. `above` is how many pixels lie above the view. */
export function windowOf(
	count: number,
	rowHeight: number,
	above: number,
	viewport: number,
): { start: number; end: number } {
	const first = Math.floor(above / rowHeight) - SPARE_ROWS;
	const last = Math.ceil((above + viewport) / rowHeight) + SPARE_ROWS;
	const start = Math.min(Math.max(0, first), count);
	return { start, end: Math.max(start, Math.min(count, last)) };
}
