/** How each field of the card is typed: one line, lines of a list, or Markdown. */
export interface Shape {
	kind: 'line' | 'list' | 'markdown';
	/** An example, or what to write. */
	hint: string;
}

const SHAPES: Partial<Record<string, Shape>> = {
	version: { kind: 'line', hint: '1.4.0' },
	authors: { kind: 'list', hint: 'Ada Lovelace <ada@example.org>' },
	license: { kind: 'line', hint: 'Apache-2.0' },
	task: { kind: 'line', hint: 'tabular-classification' },
	intendedUse: { kind: 'markdown', hint: 'What it is for, and for whom.' },
	limitations: { kind: 'markdown', hint: 'What it is not for, and where it fails.' },
	trainingData: { kind: 'markdown', hint: 'What it was trained on: source, size, dates.' },
	metrics: { kind: 'list', hint: 'accuracy = 0.97 on the test set' },
	links: { kind: 'list', hint: 'Paper: https://example.org/paper' },
};

/** The shape of a field; one that is not known here is a line. */
export function shapeOf(field: string): Shape {
	return SHAPES[field] ?? { kind: 'line', hint: '' };
}
