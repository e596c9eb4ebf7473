/**
 * Copies by selecting a hidden text area: for web views that refuse the clipboard API outside of a user
 * gesture they recognise.
 *
 * @throws when the web view refuses this as well.
 */
export function copyWithSelection(text: string): void {
	const area = document.createElement('textarea');
	area.value = text;
	area.setAttribute('aria-label', 'Text to copy');
	area.className = 'offscreen';
	const before = document.activeElement;
	document.body.append(area);
	area.select();
	// Deprecated, and still the only way that needs no permission.
	// eslint-disable-next-line @typescript-eslint/no-deprecated
	const copied = document.execCommand('copy');
	area.remove();
	if (before instanceof HTMLElement) before.focus();
	if (!copied) throw new Error('the clipboard is not available');
}
