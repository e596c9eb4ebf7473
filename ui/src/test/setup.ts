import '@testing-library/jest-dom/vitest';

// What jsdom lacks and the headless library asks for.
globalThis.ResizeObserver ??= class {
	observe(): void {
		/* Sizes never change here. */
	}
	unobserve(): void {
		/* Nothing is observed. */
	}
	disconnect(): void {
		/* Nothing is observed. */
	}
};
globalThis.matchMedia ??= (query: string) =>
	({
		matches: false,
		media: query,
		addEventListener: () => undefined,
		removeEventListener: () => undefined,
	}) as unknown as MediaQueryList;
Element.prototype.scrollIntoView ??= () => undefined;
Element.prototype.animate ??= () =>
	({ cancel: () => undefined, finished: Promise.resolve(), onfinish: null }) as unknown as Animation;
