import type { ColumnView } from '$lib/ipc/generated/ColumnView';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { SchemaView } from '$lib/ipc/generated/SchemaView';

/** The draft with one edit applied, and the edit's name for undo. The fake's stand-in for the engine. */
export function applyEdit(draft: DraftView, first: DraftView, edit: EditRequest): [DraftView, string] {
	switch (edit.kind) {
		case 'setName': {
			if (/[/\\]/.test(edit.name)) throw invalid('A name has no slashes: it becomes a file name.');
			const name = edit.name === '' ? first.name : { text: edit.name, source: 'you' };
			return [{ ...draft, name }, 'Edit name'];
		}
		case 'setDescription':
			return [{ ...draft, description: edit.description }, 'Edit description'];
		case 'setMetadata': {
			if (edit.field === 'license' && edit.value.includes(' ')) {
				throw invalid(`"${edit.value}" is no SPDX licence; write ${edit.value.replaceAll(' ', '-')}`);
			}
			const fields = draft.metadata.fields.map((field) =>
				field.field === edit.field ? { ...field, text: edit.value } : field,
			);
			const completeness = draft.metadata.completeness.map((entry) =>
				entry.field === edit.field ? { ...entry, isGiven: edit.value !== '' } : entry,
			);
			return [{ ...draft, metadata: { ...draft.metadata, fields, completeness } }, 'Edit model card'];
		}
		case 'setTag': {
			const has = draft.tags.some((tag) => tag.key === edit.key);
			const tags = has
				? draft.tags.map((tag) => (tag.key === edit.key ? { ...tag, value: edit.value } : tag))
				: [...draft.tags, { key: edit.key, value: edit.value }];
			return [{ ...draft, tags }, has ? 'Edit tag' : 'Add tag'];
		}
		case 'renameTag': {
			if (draft.tags.some((tag) => tag.key === edit.to)) throw invalid(`There is a tag ${edit.to} already.`);
			const tags = draft.tags.map((tag) => (tag.key === edit.from ? { ...tag, key: edit.to } : tag));
			return [{ ...draft, tags }, 'Rename tag'];
		}
		case 'removeTag':
			return [{ ...draft, tags: draft.tags.filter((tag) => tag.key !== edit.key) }, 'Remove tag'];
		case 'removeExtra': {
			const kept = draft.metadata.kept.filter(({ key }) => key !== edit.key);
			return [{ ...draft, metadata: { ...draft.metadata, kept } }, 'Remove metadata'];
		}
		case 'setRequirement': {
			const requirements = [...draft.requirements];
			if (edit.requirement === '') requirements.splice(edit.index, 1);
			else
				requirements[edit.index] = {
					requirement: edit.requirement,
					source: 'you',
					edited: true,
					notes: [],
				};
			return [{ ...draft, requirements }, 'Edit requirements'];
		}
		case 'resetRequirements':
			return [{ ...draft, requirements: first.requirements }, 'Reset requirements'];
		case 'setPython': {
			if (edit.version !== '' && !/^3\.\d+(\.\d+)?$/.test(edit.version)) {
				throw invalid('A Python version looks like 3.11 or 3.11.7.');
			}
			const python = edit.version === '' ? first.python : { text: edit.version, source: 'you' };
			return [{ ...draft, python }, 'Edit Python version'];
		}
		case 'selectModel': {
			const models = draft.models.map((model) => ({ ...model, isChosen: model.path === edit.path }));
			return [{ ...draft, models }, 'Choose another model'];
		}
		case 'addCode': {
			const name = edit.path.split('/').at(-1) ?? edit.path;
			const modules = draft.modules.map((module) =>
				module.module.endsWith(name.replace(/\.py$/, ''))
					? { ...module, found: `code/${name}`, undefined: [] }
					: module,
			);
			return [{ ...draft, modules, code: [...draft.code, edit.path] }, 'Add code'];
		}
		case 'removeCode':
			return [{ ...draft, code: draft.code.filter((path) => path !== edit.path) }, 'Remove code'];
		case 'acknowledge':
			return [accept(draft, edit.finding, edit.note), 'Accept a finding'];
		case 'withdraw':
			return [accept(draft, edit.finding, null), 'Withdraw an acceptance'];
		case 'setTrust': {
			const types = draft.types.map((type) =>
				type.name === edit.name ? { ...type, isTrusted: edit.isTrusted } : type,
			);
			return [{ ...draft, types }, 'Trust a type'];
		}
		case 'setArchitecture': {
			if (draft.architecture === null) throw invalid('This model has an architecture of its own.');
			const architecture = {
				...draft.architecture,
				chosen: edit.class === '' ? null : { text: edit.class, source: 'you' },
				arguments: edit.arguments.map(([name, value]) => ({ name, value, source: 'you' })),
			};
			return [{ ...draft, architecture }, 'Choose an architecture'];
		}
		case 'setGenerated': {
			const files = draft.files.map((file) => {
				if (file.code?.file !== edit.file) return file;
				const edited = edit.text !== '' && edit.text !== file.code.generated;
				const text = edited ? edit.text : file.code.generated;
				// As the engine does: another text of a loader gives the module another name.
				const path = `code/mlpack_${String(text.length).padStart(8, '0')}_loader.py`;
				return { ...file, path, text, code: { ...file.code, edited, outdated: false } };
			});
			return [{ ...draft, files }, `Edit ${edit.file}`];
		}
		case 'setColumnType':
			return [editColumn(draft, edit.side, edit.index, { type: edit.type }), 'Edit column type'];
		case 'setColumnName':
			return [editColumn(draft, edit.side, edit.index, { name: edit.name }), 'Edit column name'];
		case 'resetSchema':
			return [withSide(draft, edit.side, first.signature[sideOf(edit.side)]), `Reset ${edit.side}`];
		case 'setRequired':
			return [editColumn(draft, edit.side, edit.index, { required: edit.isRequired }), 'Set required'];
		case 'setShape': {
			const shape = `[${edit.shape.join(', ')}]`;
			return [editColumn(draft, edit.side, edit.index, { shape }), 'Set shape'];
		}
		case 'addColumn':
		case 'removeColumn':
		case 'moveColumn':
			return [editRows(draft, edit), 'Edit columns'];
		case 'setSample': {
			const fileName = edit.path.split('/').at(-1) ?? edit.path;
			if (!fileName.endsWith('.csv')) throw invalid(`${fileName} is no data file that Packwright reads.`);
			return [withSample(draft, fileName, edit.path), 'Add sample data'];
		}
		case 'removeSample':
			return [{ ...draft, sample: null, example: null }, 'Remove sample data'];
		case 'markColumn': {
			if (draft.sample === null) throw invalid('There is no sample.');
			const columns = draft.sample.columns.map((column) =>
				column.name === edit.name ? { ...column, role: edit.role, roleSource: 'you' } : column,
			);
			return [{ ...draft, sample: { ...draft.sample, columns } }, 'Mark a column'];
		}
		case 'setExample': {
			const example = {
				problems: [],
				personal: [],
				...draft.example,
				text: null,
				isCut: false,
				source: 'you',
				edited: true,
			};
			return [{ ...draft, example: { ...example, columns: edit.columns, rows: edit.rows } }, 'Edit example'];
		}
		case 'setExampleText':
			if (draft.example === null) throw invalid('There is no example yet.');
			return [
				{ ...draft, example: { ...draft.example, text: edit.text, source: 'you', edited: true } },
				'Edit example',
			];
		case 'resetExample':
			return [{ ...draft, example: first.example }, 'Reset example'];
		case 'setParam': {
			const params = [...draft.signature.params];
			params[edit.index] = {
				name: edit.name,
				type: edit.type,
				shape: edit.isList ? '[-1]' : null,
				required: false,
				default: edit.default === '' ? null : edit.default,
				source: 'you',
				edited: true,
				advice: [],
			};
			return [{ ...draft, signature: { ...draft.signature, params } }, 'Set parameter'];
		}
		case 'removeParam': {
			const params = draft.signature.params.filter((_, index) => index !== edit.index);
			return [{ ...draft, signature: { ...draft.signature, params } }, 'Remove parameter'];
		}
		case 'setSchema': {
			const base = {
				required: true,
				default: null,
				source: 'you',
				edited: true,
				type: edit.type,
				advice: [],
			};
			const schema: SchemaView =
				edit.names.length === 0
					? {
							kind: 'tensors',
							edited: true,
							columns: [{ ...base, name: null, shape: `[${edit.shape.join(', ')}]` }],
						}
					: {
							kind: 'columns',
							edited: true,
							columns: edit.names.map((name) => ({ ...base, name, shape: null })),
						};
			const decided = withSide(draft, edit.side, schema);
			const decisions = decided.decisions.filter((decision) => decision.id !== edit.side);
			return [{ ...decided, decisions }, `Set ${edit.side}`];
		}
	}
}

function invalid(message: string): Error {
	return Object.assign(new Error(message), { code: 'invalidEdit' });
}

function sideOf(side: string): 'inputs' | 'outputs' {
	return side === 'outputs' ? 'outputs' : 'inputs';
}

function withSide(draft: DraftView, side: string, schema: SchemaView): DraftView {
	return { ...draft, signature: { ...draft.signature, [sideOf(side)]: schema } };
}

function editColumn(draft: DraftView, side: string, index: number, change: Partial<ColumnView>): DraftView {
	const schema = draft.signature[sideOf(side)];
	const columns = schema.columns.map((column, i) =>
		i === index ? { ...column, ...change, source: 'you', edited: true } : column,
	);
	return withSide(draft, side, { ...schema, columns, edited: true });
}

type RowEdit = Extract<EditRequest, { kind: 'addColumn' | 'removeColumn' | 'moveColumn' }>;

function editRows(draft: DraftView, edit: RowEdit): DraftView {
	const schema = draft.signature[sideOf(edit.side)];
	const columns = [...schema.columns];
	if (edit.kind === 'addColumn') {
		const column = { name: edit.name, type: edit.type, shape: null, required: true, default: null };
		columns.push({ ...column, source: 'you', edited: true, advice: [] });
	} else if (edit.kind === 'removeColumn') columns.splice(edit.index, 1);
	else columns.splice(edit.to, 0, ...columns.splice(edit.from, 1));
	return withSide(draft, edit.side, { ...schema, columns, edited: true });
}

function withSample(draft: DraftView, fileName: string, path: string): DraftView {
	const names = draft.signature.inputs.columns.flatMap(({ name }) => name ?? []);
	const column = { dtype: 'float64', type: 'double', values: '1.5, 2.5', nMissing: 0 };
	const inputs = names.map((name) => ({ ...column, name, role: 'input', roleSource: 'its name' }));
	const target = {
		...column,
		name: 'churned',
		role: 'ignored',
		roleSource: 'the model has no input of this name',
	};
	return {
		...draft,
		sample: {
			fileName,
			path,
			format: 'CSV',
			reader: 'pandas.read_csv',
			isWhole: true,
			size: `2 rows, ${String(names.length + 1)} columns`,
			notes: [],
			columns: [...inputs, target],
			differences: [],
		},
		example: {
			columns: names,
			rows: [names.map(() => '1.5'), names.map(() => '2.5')],
			text: null,
			isCut: false,
			source: fileName,
			edited: false,
			problems: [],
			personal: [],
		},
	};
}

function accept(draft: DraftView, key: string, note: string | null): DraftView {
	const accepted = note === null ? null : { text: note, source: 'you' };
	const findings = draft.safety.findings.map((finding) =>
		finding.key === key ? { ...finding, accepted } : finding,
	);
	const open = findings.filter((finding) => finding.severity === 'review' && finding.accepted === null);
	const isReviewed = draft.safety.verdict === 'review' && open.length === 0;
	return { ...draft, safety: { ...draft.safety, findings, isReviewed } };
}
