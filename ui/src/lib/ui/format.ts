/** Numbers, sizes and times for people, in the reader's locale. Plain functions: no state, no DOM. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `212 kB`, `1.4 GB`: decimal units, three significant digits at most. */
export function formatBytes(bytes: number, locale?: string): string {
	let value = bytes;
	let unit = 0;
	// 999.5 would be shown as 1,000 of the smaller unit.
	while (value >= 999.5 && unit < UNITS.length - 1) {
		value /= 1000;
		unit += 1;
	}
	const maximumFractionDigits = unit === 0 || value >= 99.95 ? 0 : 1;
	const name = UNITS[unit] ?? 'byte';
	if (unit === 0) return `${formatCount(bytes, locale)} ${bytes === 1 ? 'byte' : 'bytes'}`;
	return new Intl.NumberFormat(locale, {
		style: 'unit',
		unit: name,
		unitDisplay: 'short',
		maximumFractionDigits,
	})
		.format(value)
		.replace('kB', 'KB');
}

/** `212,992 bytes`: for hovers, where the exact number counts. */
export function formatExactBytes(bytes: number, locale?: string): string {
	return `${formatCount(bytes, locale)} ${bytes === 1 ? 'byte' : 'bytes'}`;
}

/** `1,024`. */
export function formatCount(count: number, locale?: string): string {
	return new Intl.NumberFormat(locale).format(count);
}

/** `1 column`, `7 columns`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
	return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `less than a second`, `12 seconds`, `3 minutes`: rounded up, as a promise should be. */
export function formatDuration(seconds: number): string {
	if (seconds < 1) return 'less than a second';
	if (seconds < 60) return countOf(Math.ceil(seconds), 'second');
	if (seconds < 3600) return countOf(Math.ceil(seconds / 60), 'minute');
	return countOf(Math.ceil(seconds / 3600), 'hour');
}

/** How long something took: `0.3 s`, `12 s`, `2 min 5 s`. */
export function formatElapsed(millis: number, locale?: string): string {
	const seconds = millis / 1000;
	const whole = Math.round(seconds);
	const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: seconds < 10 ? 1 : 0 });
	if (seconds < 0.05) return `${digits.format(0.1)} s`;
	if (whole < 60) return `${digits.format(seconds)} s`;
	return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A line from the engine as a sentence: with a capital, unless it begins with a name in code, and a full stop. */
export function sentence(line: string): string {
	const first = line.split(/\s/, 1)[0] ?? '';
	const begun = /^\p{Ll}+$/u.test(first) ? line.charAt(0).toLocaleUpperCase() + line.slice(1) : line;
	return /[.!?…]$/.test(begun) || begun === '' ? begun : `${begun}.`;
}

/** The last part of a path, `/` or `\`. */
export function fileNameOf(path: string): string {
	return path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;
}

/** The last part of an import path: `RandomForestClassifier`. */
export function shortClass(path: string): string {
	return path.split('.').at(-1) ?? path;
}
