import type { ColumnView } from '$lib/ipc/generated/ColumnView';

/** Rows about which the same is said. */
export interface AdviceGroup {
	text: string;
	better: string | null;
	names: string[];
	indexes: number[];
}

/** What callers will run into, once for all rows that it is about. */
export function adviceGroups(columns: ColumnView[]): AdviceGroup[] {
	const groups: AdviceGroup[] = [];
	columns.forEach((column, index) => {
		for (const { text, better } of column.advice) {
			let group = groups.find((known) => known.text === text && known.better === better);
			if (group === undefined) {
				group = { text, better, names: [], indexes: [] };
				groups.push(group);
			}
			group.names.push(column.name ?? String(index + 1));
			group.indexes.push(index);
		}
	});
	return groups;
}
