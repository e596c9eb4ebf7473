/** The scalar types of MLflow columns, in the order in which people look for them. */
export const COLUMN_TYPES = ['double', 'float', 'long', 'integer', 'boolean', 'string', 'binary', 'datetime'];

/** What a parameter of a call can be. */
export const PARAM_TYPES = ['double', 'float', 'long', 'integer', 'boolean', 'string', 'datetime'];

/** Chosen to type a type by hand. */
export const OTHER = 'other…';

/** Types with something inside, and the one without any check; more are typed by hand. */
const NESTED_TYPES = ['any', 'Array(double)', 'Array(long)', 'Array(string)'];

/** The numpy dtypes of MLflow tensors that models use. */
export const TENSOR_TYPES = [
	'float32',
	'float64',
	'float16',
	'int64',
	'int32',
	'int16',
	'int8',
	'uint8',
	'uint16',
	'uint32',
	'uint64',
	'bool',
	'str',
	'object',
];

/** The choices for one cell: the types of its kind and, first, its own when that is not among them. */
export function typeChoices(kind: 'columns' | 'tensors', own: string): string[] {
	const types = kind === 'columns' ? [...COLUMN_TYPES, ...NESTED_TYPES, OTHER] : TENSOR_TYPES;
	return types.includes(own) ? types : [own, ...types];
}

/** Column names from pasted text: one per line, or separated by commas, tabs or semicolons; quotes are dropped. */
export function parseNames(text: string): string[] {
	return text
		.split(/[\n\r,;\t]+/)
		.map((name) => name.trim().replace(/^(["'])(.*)\1$/, '$2'))
		.filter((name) => name !== '');
}

/** The names that stand more than once. */
export function repeatedNames(names: string[]): string[] {
	return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** A shape from `-1, 4` or `[-1, 4]`; `null` when it is not one. `?`, `n` and `None` mean any length. */
export function parseShape(text: string): number[] | null {
	const inner = text.trim().replace(/^[[(](.*)[\])]$/, '$1');
	if (inner.trim() === '') return [];
	const parts = inner
		.replace(/,\s*$/, '')
		.split(',')
		.map((part) => part.trim());
	const lengths = parts.map((part) =>
		/^(\?|n|none|-1)$/i.test(part) ? -1 : /^\d+$/.test(part) ? Number(part) : NaN,
	);
	return lengths.every((length) => Number.isSafeInteger(length)) ? lengths : null;
}
