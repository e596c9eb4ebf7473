import { expect, it } from 'vitest';
import { explainSource, isAssumed, isYours } from './source';

it.each([
	['you', 'Set by you.'],
	['feature_names_in_', 'Recorded in the file as feature_names_in_.'],
	['_sklearn_version', 'Recorded in the file as _sklearn_version.'],
	['pickle at byte 2', 'Read from: pickle at byte 2.'],
	[
		'assumed: newest Python that it supports',
		'Assumed, the file does not say: newest Python that it supports.',
	],
	['assumed', 'Assumed; the file does not say.'],
	['', 'The source is not known.'],
])('explains the source %j', (source, words) => {
	expect(explainSource(source)).toBe(words);
});

it('tells what the person set from what begins alike', () => {
	expect(isYours('you, 14:02')).toBe(true);
	expect(isYours('youtube_export_')).toBe(false);
	expect(isAssumed('assumed: x')).toBe(true);
	expect(isAssumed('feature_names_in_; double is assumed')).toBe(true);
	expect(isAssumed('feature_names_in_')).toBe(false);
});
