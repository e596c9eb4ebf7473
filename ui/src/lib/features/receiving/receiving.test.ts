import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { FakeHost, ipcError } from '$lib/host/fake';
import { pipelineDraft } from '$lib/host/fake/samples';
import type { HereView } from '$lib/ipc/generated/HereView';
import type { JudgementView } from '$lib/ipc/generated/JudgementView';
import type { PackageView } from '$lib/ipc/generated/PackageView';
import type { SafetyView } from '$lib/ipc/generated/SafetyView';
import Workspace from '$lib/views/Workspace.svelte';

const PATH = '/home/ada/churn.zip';

function packageView(change: Partial<PackageView> = {}): PackageView {
	return {
		path: PATH,
		name: 'churn',
		isWhole: true,
		isRecorded: true,
		problems: [],
		seal: { fingerprint: '5bd0a7c1e94f2863', isSigned: null, isWhole: true },
		nFiles: 9,
		sizeBytes: 12_000,
		card: '# churn\n\nSays who **leaves**.',
		inputs: ['age: double'],
		outputs: [],
		requirements: ['scikit-learn==1.9.1'],
		python: '3.12',
		flavors: ['python_function', 'sklearn'],
		snippets: [{ title: 'Serve', text: 'mlflow models serve -m churn' }],
		...change,
	};
}

const SAFE: SafetyView = {
	verdict: 'safe',
	summary: 'loads 8 names from scikit-learn; runs no other code',
	unread: [],
	isReviewed: false,
	findings: [],
};

const HERE: HereView = {
	outcome: 'build',
	headline: 'Not yet: no environment here has it, and uv can build one',
	reasons: ['Building one downloads what it asks for.'],
	obstacles: [],
	environments: [],
	nMore: 2,
	commands: [{ title: 'Build an environment with uv', text: 'uv venv churn-env' }],
};

async function dropped(
	shown: PackageView,
	judgement: JudgementView | null = { safety: SAFE, differing: null },
	here = HERE,
) {
	const host = new FakeHost();
	host.packages.set(PATH, shown);
	if (judgement !== null) host.judgements.set(PATH, judgement);
	host.heres.set(PATH, here);
	host.artifacts.set(PATH, ipcError('package', 'it is an MLflow package: it is packed already'));
	render(Workspace, { host });
	await new Promise((resolve) => setTimeout(resolve));
	host.drag({ type: 'drop', paths: [PATH] });
	const user = userEvent.setup();
	await user.click(await screen.findByRole('button', { name: 'Check this package' }));
	await screen.findByRole('dialog', { name: 'churn' });
	return { host, user };
}

it('shows a whole package, and whose it is once a key is given', async () => {
	const { user } = await dropped(packageView());
	expect(screen.getByText('Nothing is missing or changed')).toBeVisible();
	expect(screen.getByText('age: double')).toBeVisible();
	expect(screen.getByText('Not declared.')).toBeVisible();
	expect(screen.queryByRole('button', { name: 'Check this package' })).toBeNull();
	await user.click(screen.getByRole('button', { name: 'Check with a key…' }));
	expect(await screen.findByText('Sealed by this key, and unchanged since')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Close' }));
	expect(screen.queryByRole('dialog')).toBeNull();
});

it('says what is broken, and never that it is whole', async () => {
	const message = 'the file was changed after the package was sealed';
	const seal = { fingerprint: '5bd0', isSigned: null, isWhole: false };
	const problems = [{ severity: 'error', path: 'MLmodel', message }];
	await dropped(packageView({ isWhole: false, seal, problems }));
	expect(screen.getByText('This is not what was packed')).toBeVisible();
	expect(screen.getByText('The seal is broken')).toBeVisible();
	expect(screen.getByText(/changed after the package was sealed/)).toBeVisible();
	expect(screen.queryByText('Nothing is missing or changed')).toBeNull();
});

it('claims nothing of a package that records no hashes', async () => {
	await dropped(packageView({ isRecorded: false, seal: null, card: '| a | b |\n|---|---|\n| c | d |' }));
	expect(screen.getByText('It records no hashes: only its structure was checked')).toBeVisible();
	expect(screen.queryByText('Nothing is missing or changed')).toBeNull();
	expect(await screen.findByRole('cell', { name: 'd' })).toBeVisible();
});

it('shows what was found in it now, and what it says of itself where that is something else', async () => {
	const finding = {
		rule: 'pickle/dangerous-call',
		severity: 'dangerous',
		key: 'pickle/dangerous-call os.system',
		library: '',
		accepted: null,
		what: 'os.system',
		place: 'model.pkl, byte 12',
		why: 'runs a command',
	};
	const code = {
		...finding,
		rule: 'package/code',
		severity: 'review',
		what: 'code/loader.py',
		place: 'code/loader.py',
	};
	const safety: SafetyView = {
		...SAFE,
		verdict: 'dangerous',
		summary: 'calls os.system',
		findings: [finding, code],
	};
	await dropped(packageView(), { safety, differing: 'safe' });
	expect(await screen.findByText('Loading this package is dangerous')).toBeVisible();
	expect(screen.getByText(/judged the model file/)).toHaveTextContent('Safe');
	const table = screen.getByRole('table', { name: 'Findings' });
	expect(table).toHaveTextContent('model.pkl, byte 12');
	expect(screen.queryByRole('button', { name: /^Accept/ })).toBeNull();
	// Lines that load it are not one click away.
	expect(screen.queryByText('mlflow models serve -m churn')).not.toBeVisible();
	expect(screen.queryByText('uv venv churn-env')).not.toBeVisible();
});

it('shows the rest when a package cannot be judged, and never that it is safe', async () => {
	await dropped(packageView(), null);
	expect(await screen.findByText(/could not be judged: It is gone/)).toBeVisible();
	expect(screen.getByText('Nothing is missing or changed')).toBeVisible();
	expect(screen.queryByText('Loading this package is safe')).toBeNull();
});

it('tells where it will run, what others lack and what no environment mends', async () => {
	const environment = (place: string, state: 'ready' | 'close', differences: string[]) => ({
		place,
		python: '3.12.4',
		state,
		summary: state === 'ready' ? 'has everything' : 'has 3 of 4',
		differences,
		nMore: 0,
		unsure: [],
	});
	await dropped(packageView(), undefined, {
		...HERE,
		outcome: 'yes',
		headline: 'Yes: ~/churn/.venv has everything that it asks for',
		obstacles: [{ isCertain: false, text: 'No driver of NVIDIA was seen.' }],
		environments: [
			environment('~/churn/.venv', 'ready', []),
			environment('~/old/.venv', 'close', ['scikit-learn is 1.5.2 and 1.9.1 is asked for']),
		],
	});
	expect(await screen.findByText('Yes: ~/churn/.venv has everything that it asks for.')).toBeVisible();
	expect(screen.getByText('No driver of NVIDIA was seen.')).toBeVisible();
	const list = screen.getByRole('list', { name: 'Environments on this computer' });
	expect(list).toHaveTextContent('scikit-learn is 1.5.2 and 1.9.1 is asked for');
	expect(screen.getByText('2 other environments here have less of it.')).toBeVisible();
	expect(screen.getByText('uv venv churn-env')).toBeVisible();
});

it('opens a copy as a draft, with what was not taken over', async () => {
	const { host, user } = await dropped(packageView());
	const copied = pipelineDraft('copy');
	const warnings = ['Files of the package that are not in the copy: notes.txt.'];
	host.copies.set(PATH, { ...copied, name: { text: 'churn', source: 'MLmodel of churn.zip' }, warnings });
	await user.click(screen.getByRole('button', { name: 'Edit a copy' }));
	expect(await screen.findByRole('heading', { level: 1, name: /churn/ })).toBeVisible();
	expect(screen.queryByRole('dialog')).toBeNull();
	expect(screen.getByText(/notes\.txt/)).toBeVisible();
});

it('says why a package cannot be edited, and stays with it', async () => {
	const { host, user } = await dropped(packageView());
	host.copies.set(
		PATH,
		ipcError('notAModel', 'churn.zip cannot be edited: its model is the Python code in agent.py'),
	);
	await user.click(screen.getByRole('button', { name: 'Edit a copy' }));
	expect(await screen.findByRole('alert')).toHaveTextContent('its model is the Python code in agent.py');
	expect(screen.getByRole('dialog', { name: 'churn' })).toBeVisible();
	expect(screen.getByRole('button', { name: 'Edit a copy' })).toBeEnabled();
	expect(await host.listDrafts()).toHaveLength(0);
});
