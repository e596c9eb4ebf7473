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
