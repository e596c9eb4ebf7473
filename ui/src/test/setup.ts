import '@testing-library/jest-dom/vitest';

/** A stand-in for what jsdom lacks and the headless library asks for. */
class StillObserver {
	observe = nothing;
	unobserve = nothing;
	disconnect = nothing;
}

function nothing(): void {
	/* Nothing moves or changes its size here. */
}

function matchNothing(media: string) {
	return { matches: false, media, addEventListener: nothing, removeEventListener: nothing };
}

function animateNothing() {
	return { cancel: nothing, finished: Promise.resolve(), onfinish: null };
}

Object.assign(globalThis, { ResizeObserver: StillObserver, matchMedia: matchNothing });
Object.assign(Element.prototype, { scrollIntoView: nothing, animate: animateNothing });

// jsdom lays nothing out: without a size of the window and of boxes, menus count as scrolled out of view.
Object.defineProperty(document.documentElement, 'clientWidth', { value: 1024 });
Object.defineProperty(document.documentElement, 'clientHeight', { value: 768 });
Object.assign(Element.prototype, {
	getBoundingClientRect: () => new DOMRect(0, 0, 100, 20),
	getClientRects: () => [new DOMRect(0, 0, 100, 20)],
});
