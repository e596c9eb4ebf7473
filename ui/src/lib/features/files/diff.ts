/** A line of a comparison: in both texts, only in the old one or only in the new one. */
export interface DiffLine {
	kind: 'same' | 'old' | 'new';
	text: string;
}

/** More lines than that are compared from their ends only: the table in between would be large. */
const MOST_CELLS = 4_000_000;

/** What to take away from one text, and what to add, to get the other: the longest common lines stay. */
export function diff(before: string, after: string): DiffLine[] {
	const [old, fresh] = [before.split('\n'), after.split('\n')];
	let start = 0;
	while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
	let [oldEnd, freshEnd] = [old.length, fresh.length];
	while (oldEnd > start && freshEnd > start && old[oldEnd - 1] === fresh[freshEnd - 1]) {
		oldEnd -= 1;
		freshEnd -= 1;
	}
	return [
		...lines('same', old.slice(0, start)),
		...between(old.slice(start, oldEnd), fresh.slice(start, freshEnd)),
		...lines('same', old.slice(oldEnd)),
	];
}

function lines(kind: DiffLine['kind'], texts: readonly string[]): DiffLine[] {
	return texts.map((text) => ({ kind, text }));
}

function between(old: readonly string[], fresh: readonly string[]): DiffLine[] {
	const width = fresh.length + 1;
	if ((old.length + 1) * width > MOST_CELLS) return [...lines('old', old), ...lines('new', fresh)];
	/** The length of the longest common lines from each pair of places on. */
	const common = new Uint32Array((old.length + 1) * width);
	for (let i = old.length - 1; i >= 0; i -= 1) {
		for (let j = fresh.length - 1; j >= 0; j -= 1) {
			common[i * width + j] =
				old[i] === fresh[j]
					? (common[(i + 1) * width + j + 1] ?? 0) + 1
					: Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
		}
	}
	const found: DiffLine[] = [];
	let [i, j] = [0, 0];
	while (i < old.length || j < fresh.length) {
		const [before, after] = [old[i], fresh[j]];
		if (before !== undefined && before === after) {
			found.push({ kind: 'same', text: before });
			[i, j] = [i + 1, j + 1];
		} else if (
			before !== undefined &&
			(after === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
		) {
			found.push({ kind: 'old', text: before });
			i += 1;
		} else {
			found.push({ kind: 'new', text: after ?? '' });
			j += 1;
		}
	}
	return found;
}
