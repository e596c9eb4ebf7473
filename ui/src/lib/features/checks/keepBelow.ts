/**
 * Notes where a part of the page ends; the function that it gives scrolls by as much as that has moved since. Only for a
 * page that was scrolled and shows what stands below: at the top, people read on from there.
 */
export function keepBelow(part: HTMLElement): () => void {
	const scroller = scrollerOf(part);
	const before = part.getBoundingClientRect().bottom;
	const isBelowShown = scroller !== null && before < scroller.getBoundingClientRect().bottom;
	return () => {
		if (scroller === null || !isBelowShown || scroller.scrollTop === 0) return;
		scroller.scrollTop += part.getBoundingClientRect().bottom - before;
	};
}

function scrollerOf(part: HTMLElement): HTMLElement | null {
	for (let at = part.parentElement; at !== null; at = at.parentElement) {
		if (/auto|scroll/.test(getComputedStyle(at).overflowY) && at.scrollHeight > at.clientHeight) return at;
	}
	return null;
}
