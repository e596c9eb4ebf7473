import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { FakeHost, ipcError } from '$lib/host/fake';
import { pipelineDraft } from '$lib/host/fake/samples';
import type { PackageView } from '$lib/ipc/generated/PackageView';
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
		safety: 'safe',
		snippets: [{ title: 'Serve', text: 'mlflow models serve -m churn' }],
		...change,
	};
}

async function dropped(shown: PackageView) {
	const host = new FakeHost();
	host.packages.set(PATH, shown);
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
