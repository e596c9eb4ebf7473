/** What a status is called, in one word. */
export const STATUS_WORDS = {
	safe: 'Safe',
	review: 'Review',
	unscanned: 'Not fully read',
	dangerous: 'Dangerous',
	info: 'Info',
	reviewed: 'Accepted',
	missing: 'Missing',
	found: 'Found',
	pass: 'Passes',
	warn: 'Warning',
	fail: 'Fails',
} as const;

/** A verdict of a draft, the severity of one finding, or how a check came out. */
export type Status = keyof typeof STATUS_WORDS;

/** Whether a word from the wire is a status that has a shape. */
export function isStatus(word: string): word is Status {
	return word in STATUS_WORDS;
}
