import type { SectionId } from '$lib/ipc/generated/SectionId';
import { sectionAt, SECTIONS } from './sections';

/** The height of the section bar. */
const BAR = 36;

/** How far under the section bar a heading counts as reached. */
const REACH = 64;

/** Which section of the page is being read, and the way to another. */
export class Navigation {
	current = $state<SectionId>('overview');
	/** A section that was asked for stays current although the page may end before its top. */
	#asked: SectionId | null = null;

	/** Scrolls to a section and puts the keyboard there. */
	goTo(id: SectionId): void {
		const section = document.querySelector(`[data-section="${id}"]`);
		if (section === null) return;
		this.#asked = id;
		this.current = id;
		section.scrollIntoView({ block: 'start' });
		section.querySelector('h2')?.focus({ preventScroll: true });
		// When there was nothing to scroll, no scroll event comes to clear it.
		setTimeout(() => {
			this.#asked = null;
		}, 200);
	}

	/** Goes to the structure and, where that has a search, puts the keyboard there. */
	find(): void {
		this.goTo('structure');
		const field = document.querySelector<HTMLInputElement>('[data-section="structure"] [data-find]');
		field?.focus({ preventScroll: true });
		field?.select();
	}

	/** A new page begins at its top. */
	restart(): void {
		this.current = 'overview';
		this.#asked = null;
	}

	/** Looks where the page is. Which of its two boxes scrolls depends on the height of the window. */
	look(page: HTMLElement, sections: HTMLElement): void {
		if (this.#asked !== null) return;
		const tops = SECTIONS.map(({ id }) => ({
			id,
			top: sections.querySelector(`[data-section="${id}"]`)?.getBoundingClientRect().top ?? Infinity,
		}));
		const scroller = sections.scrollHeight > sections.clientHeight + 1 ? sections : page;
		const bottom = scroller.scrollTop + scroller.clientHeight;
		const isAtEnd = scroller.scrollTop > 0 && bottom >= scroller.scrollHeight - 2;
		const line = Math.max(page.getBoundingClientRect().top + BAR, sections.getBoundingClientRect().top);
		const last = tops.findLast(({ top }) => top < Infinity);
		this.current = isAtEnd && last !== undefined ? last.id : sectionAt(tops, line + REACH);
	}
}
