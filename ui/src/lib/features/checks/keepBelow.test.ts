import { afterEach, expect, it } from 'vitest';
import { keepBelow } from './keepBelow';

afterEach(() => {
	document.body.replaceChildren();
});

/** A page of 400 pixels that shows what ends at `bottom`, scrolled down by `top`. */
function page({ bottom, top }: { bottom: number; top: number }) {
	const scroller = document.createElement('div');
	scroller.style.overflowY = 'auto';
	Object.defineProperty(scroller, 'scrollHeight', { value: 2000 });
	Object.defineProperty(scroller, 'clientHeight', { value: 400 });
	scroller.getBoundingClientRect = () => new DOMRect(0, 0, 600, 400);
	scroller.scrollTop = top;
	const part = document.createElement('div');
	let end = bottom;
	part.getBoundingClientRect = () => new DOMRect(0, end - 240, 600, 240);
	scroller.append(part);
	document.body.append(scroller);
	return {
		part,
		scroller,
		grow: (by: number) => {
			end += by;
		},
	};
}

it('scrolls by what a part grew where what is below is shown', () => {
	const { part, scroller, grow } = page({ bottom: 100, top: 500 });
	const settle = keepBelow(part);
	grow(56);
	settle();
	expect(scroller.scrollTop).toBe(556);
});

it('leaves the page alone at its top, and where the part goes on below the window', () => {
	for (const where of [
		{ bottom: 100, top: 0 },
		{ bottom: 700, top: 500 },
	]) {
		const { part, scroller, grow } = page(where);
		const settle = keepBelow(part);
		grow(56);
		settle();
		expect(scroller.scrollTop).toBe(where.top);
	}
});
