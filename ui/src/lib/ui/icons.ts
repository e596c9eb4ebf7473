/** The one icon set: 16 × 16, drawn with one stroke width. Each entry is the `d` of one path. */
export const ICONS = {
	plus: 'M8 3.25v9.5M3.25 8h9.5',
	close: 'M4.25 4.25l7.5 7.5M11.75 4.25l-7.5 7.5',
	chevronDown: 'M4.5 6.5L8 10l3.5-3.5',
	chevronRight: 'M6.5 4.5L10 8l-3.5 3.5',
	file: 'M4 1.75h5l3 3v9.5H4zM9 1.75v3h3',
	folder: 'M1.75 4.25h4.5l1.5 1.75h6.5v7.25H1.75z',
	zip: 'M4 1.75h5l3 3v9.5H4zM9 1.75v3h3M7 6.5h2M7 8.75h2M7 11h2',
	copy: 'M5.75 5.75h7.5v7.5h-7.5zM10.25 5.75v-3h-7.5v7.5h3',
	check: 'M3.25 8.5l3.25 3.25 6.25-7',
	reset: 'M3.25 6.25h5.5a3.5 3.5 0 0 1 0 7h-3.5M6 3.25l-3 3 3 3',
	up: 'M8 13V3.5M4.5 7L8 3.5 11.5 7',
	down: 'M8 3v9.5M4.5 9L8 12.5 11.5 9',
	trash: 'M2.75 4.25h10.5M6.25 4.25v-2h3.5v2M4.25 4.25l.5 9.5h6.5l.5-9.5M6.75 7v4M9.25 7v4',
	info: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5zM8 7.25v4M8 4.75v.5',
	drop: 'M8 2v7.5M4.75 6.5L8 9.75l3.25-3.25M2.25 11v3h11.5v-3',
	safe: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5zM5.25 8.25l2 2 3.5-4',
	reviewed: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5zM5.25 8.25l2 2 3.5-4',
	found: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5zM5.25 8.25l2 2 3.5-4',
	missing: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5zM5.5 8h5',
	review: 'M8 2.25l6.25 11.25H1.75zM8 6.5v3.25M8 11.25v.5',
	unscanned: 'M8 2l6 6-6 6-6-6zM6.75 6.75c.25-1.75 2.75-1.5 2.5.1c-.15.9-1.25.9-1.25 1.9M8 10.5v.4',
	dangerous:
		'M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4zM5.75 5.75l4.5 4.5M10.25 5.75l-4.5 4.5',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof ICONS;
