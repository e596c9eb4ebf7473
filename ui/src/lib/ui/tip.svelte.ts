import type { Attachment } from 'svelte/attachments';

/** How long the pointer rests before a tooltip shows. Focus shows it at once. */
const REST_MILLIS = 400;

/** The id of the one tooltip, for `aria-describedby`. */
export const TIP_ID = 'tip';

/** The one tooltip of the window: hundreds of cells have one, and only one is ever shown. */
class TipState {
	text = $state<string | null>(null);
	anchor = $state.raw<Element | null>(null);
	#timer: ReturnType<typeof setTimeout> | undefined;

	show(anchor: Element, text: string, afterMillis: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			if (!anchor.isConnected) return;
			this.hide();
			this.text = text;
			this.anchor = anchor;
			anchor.setAttribute('aria-describedby', TIP_ID);
		}, afterMillis);
	}

	hide(): void {
		clearTimeout(this.#timer);
		this.anchor?.removeAttribute('aria-describedby');
		this.anchor = null;
		this.text = null;
	}
}

/** Shared by `tip` and `TipLayer`. */
export const tips = new TipState();

/** Shows `text` while the pointer rests on the element or the keyboard is on it. */
export function tip(text: string): Attachment {
	return (element) => {
		const rest = () => {
			tips.show(element, text, REST_MILLIS);
		};
		const focus = () => {
			if (element.matches(':focus-visible')) tips.show(element, text, 0);
		};
		const away = () => {
			tips.hide();
		};
		const leave = (event: Event) => {
			if (event instanceof KeyboardEvent && event.key !== 'Escape') return;
			away();
		};
		element.addEventListener('pointerenter', rest);
		element.addEventListener('focusin', focus);
		for (const name of LEAVING) element.addEventListener(name, leave);
		return () => {
			element.removeEventListener('pointerenter', rest);
			element.removeEventListener('focusin', focus);
			for (const name of LEAVING) element.removeEventListener(name, leave);
			if (tips.anchor === element) away();
		};
	};
}

const LEAVING = ['pointerleave', 'pointerdown', 'focusout', 'keydown'];
