import { describe, expect, it } from 'vitest';
import {
	countOf,
	fileNameOf,
	formatBytes,
	formatDuration,
	formatElapsed,
	formatExactBytes,
	sentence,
	shortClass,
} from './format';

describe('sizes', () => {
	it.each([
		[0, '0 bytes'],
		[1, '1 byte'],
		[999, '999 bytes'],
		[1_000, '1 KB'],
		[1_540, '1.5 KB'],
		[212_992, '213 KB'],
		[999_499, '999 KB'],
		[999_999, '1 MB'],
		[1_482_113, '1.5 MB'],
		[1_610_612_736, '1.6 GB'],
		[99_960_000, '100 MB'],
	])('shows %i bytes as %s', (bytes, shown) => {
		expect(formatBytes(bytes, 'en')).toBe(shown);
	});

	it('uses the separators of the reader', () => {
		expect(formatBytes(1_540_000, 'de')).toBe('1,5 MB');
		expect(formatExactBytes(1_540_000, 'de')).toBe('1.540.000 bytes');
	});
});

describe('times', () => {
	it.each([
		[0.2, 'less than a second'],
		[1, '1 second'],
		[11.2, '12 seconds'],
		[61, '2 minutes'],
		[3_601, '2 hours'],
	])('promises %f seconds as %s', (seconds, shown) => {
		expect(formatDuration(seconds)).toBe(shown);
	});

	it.each([
		[3, '0.1 s'],
		[340, '0.3 s'],
		[12_400, '12 s'],
		[125_000, '2 min 5 s'],
	])('reports %i ms as %s', (millis, shown) => {
		expect(formatElapsed(millis, 'en')).toBe(shown);
	});

	it('does not say 60 seconds when a minute is meant', () => {
		expect(formatElapsed(119_700, 'en')).toBe('2 min 0 s');
		expect(formatElapsed(59_700, 'en')).toBe('1 min 0 s');
	});
});

describe('names', () => {
	it('takes the last part of paths of any system', () => {
		expect(fileNameOf('/home/ada/a b.pkl')).toBe('a b.pkl');
		expect(fileNameOf('C:\\models\\a.onnx')).toBe('a.onnx');
		expect(fileNameOf('/models/folder/')).toBe('folder');
	});

	it('takes the last part of an import path', () => {
		expect(shortClass('sklearn.svm._classes.SVC')).toBe('SVC');
		expect(shortClass('Booster')).toBe('Booster');
	});

	it('makes sentences of lines, and leaves names in code alone', () => {
		expect(sentence('loads 8 names; runs no other code')).toBe('Loads 8 names; runs no other code.');
		expect(sentence('os.system is called')).toBe('os.system is called.');
		expect(sentence('Done.')).toBe('Done.');
		expect(sentence('')).toBe('');
	});

	it('counts in words', () => {
		expect(countOf(1, 'column')).toBe('1 column');
		expect(countOf(0, 'column')).toBe('0 columns');
	});
});
