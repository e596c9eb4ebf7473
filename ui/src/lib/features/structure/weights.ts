import type { StructureRowView } from '$lib/ipc/generated/StructureRowView';
import type { TensorView } from '$lib/ipc/generated/TensorView';

/** A group of tensors whose names begin alike, and its share of the bytes. */
export interface Share {
	name: string;
	bytes: number;
}

/** More segments than that are not told apart in a bar. */
const SEGMENTS = 6;

/**
 * Where the bytes are: the tensors grouped by the first part of their names that tells them apart, the largest groups first
 * and the rest as one.
 */
export function sharesOf(tensors: readonly TensorView[]): Share[] {
	const names = tensors.map(({ name }) => name.split(/[./]/u));
	let depth = 0;
	while (
		names.length > 1 &&
		names.every((parts) => parts.length > depth + 1 && parts[depth] === names[0]?.[depth])
	) {
		depth += 1;
	}
	const groups = new Map<string, number>();
	for (const [index, tensor] of tensors.entries()) {
		const name = names[index]?.slice(0, depth + 1).join('.') ?? tensor.name;
		groups.set(name, (groups.get(name) ?? 0) + tensor.sizeBytes);
	}
	return largest([...groups].map(([name, bytes]) => ({ name, bytes })));
}

/** The same of layers: the outermost level on which there is more than one with weights. */
export function sharesOfRows(rows: readonly StructureRowView[]): Share[] {
	let [start, end] = [0, rows.length];
	for (let depth = 0; ; depth += 1) {
		const level: { share: Share; index: number }[] = [];
		for (let index = start; index < end; index += 1) {
			const row = rows[index];
			if (row?.depth === depth && (row.sizeBytes ?? 0) > 0) {
				level.push({ share: { name: row.name || row.class, bytes: row.sizeBytes ?? 0 }, index });
			}
		}
		const [only] = level;
		if (only === undefined) return [];
		if (level.length > 1) return largest(level.map(({ share }) => share));
		const after = rows.findIndex((row, index) => index > only.index && row.depth <= depth);
		const inner = { start: only.index + 1, end: after < 0 ? rows.length : after };
		const hasMore = rows.slice(inner.start, inner.end).some((row) => (row.sizeBytes ?? 0) > 0);
		if (!hasMore) return [only.share];
		({ start, end } = inner);
	}
}

/** The largest first, and what a bar can't tell apart as one. */
function largest(shares: Share[]): Share[] {
	const sorted = shares.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
	if (sorted.length <= SEGMENTS) return sorted;
	const rest = sorted.slice(SEGMENTS - 1);
	const bytes = rest.reduce((sum, share) => sum + share.bytes, 0);
	return [...sorted.slice(0, SEGMENTS - 1), { name: `${rest.length} others`, bytes }];
}

/** The tensors whose name, type or shape holds every word of the search. */
export function found(tensors: readonly TensorView[], search: string): TensorView[] {
	const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
	if (words.length === 0) return [...tensors];
	return tensors.filter((tensor) => {
		const text = `${tensor.name} ${tensor.dtype} ${tensor.shape}`.toLowerCase();
		return words.every((word) => text.includes(word));
	});
}
