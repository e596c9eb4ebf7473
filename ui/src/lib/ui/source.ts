/** Where a value came from: how to show it, quietly in a column and in words on hover and focus. */

/** Whether the person set the value. */
export function isYours(source: string): boolean {
	return source === 'you' || source.startsWith('you,') || source.startsWith('you ');
}

/** Whether nobody recorded the value, or a part of it, and a convention was used. */
export function isAssumed(source: string): boolean {
	return source.includes('assumed');
}

/** One sentence for a tooltip. */
export function explainSource(source: string): string {
	if (source === '') return 'The source is not known.';
	if (isYours(source)) return 'Set by you.';
	if (source.startsWith('assumed')) {
		const reason = source.replace(/^assumed:?\s*/, '');
		return reason === '' ? 'Assumed; the file does not say.' : `Assumed, the file does not say: ${reason}.`;
	}
	if (/^[\w.[\]]*_[\w.[\]]*$/.test(source)) return `Recorded in the file as ${source}.`;
	return `Read from: ${source}.`;
}
