/** One line of the palette. */
export interface PaletteItem {
	id: string;
	title: string;
	/** The keys for people, `Ctrl+O`; `null` when it has none. */
	keys: string | null;
	run: () => void;
}

/** The items that have every typed word in their title, in their own order; titles that begin with it come first. */
export function search(items: PaletteItem[], text: string): PaletteItem[] {
	const wanted = text.trim().toLocaleLowerCase();
	if (wanted === '') return items;
	const words = wanted.split(/\s+/);
	const found = items.filter((item) => words.every((word) => item.title.toLocaleLowerCase().includes(word)));
	const begins = (item: PaletteItem) => item.title.toLocaleLowerCase().startsWith(wanted);
	return [...found.filter(begins), ...found.filter((item) => !begins(item))];
}
