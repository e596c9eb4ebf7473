import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { FakeHost, ipcError } from '$lib/host/fake';
import { boosterDraft, dangerousDraft, pipelineDraft, unscannedDraft } from '$lib/host/fake/samples';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import Workspace from './Workspace.svelte';
import { SECTIONS } from './sections';

async function setUp(...drafts: DraftView[]) {
	const host = new FakeHost(drafts);
	render(Workspace, { host });
	const [first] = drafts;
	if (first === undefined) await screen.findByRole('heading', { name: 'Drop a trained model here' });
	else await screen.findByRole('button', { name: `Name: ${first.name.text}` });
	return { host, user: userEvent.setup() };
}

async function openSheet(user: ReturnType<typeof userEvent.setup>, kind = 'Zip…'): Promise<HTMLElement> {
	await user.click(screen.getByRole('button', { name: /^Export/ }));
	await user.click(await screen.findByRole('menuitem', { name: new RegExp(kind) }));
	return screen.findByRole('dialog', { name: 'Export' });
}

it('begins empty, with three ways to open something', async () => {
	const { host, user } = await setUp();
	expect(document.querySelector('#empty')).toBeInTheDocument();
	expect(screen.getByRole('button', { name: 'Browse…' })).toBeInTheDocument();
	expect(screen.getByRole('button', { name: 'Open a folder…' })).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Try the sample model' }));
	expect(await screen.findByRole('button', { name: 'Name: sample_iris' })).toHaveAttribute(
		'id',
		'draft-name',
	);
	expect(await host.listDrafts()).toHaveLength(1);
});

it('says what a drop will do, only while something is dragged', async () => {
	const { host } = await setUp();
	host.drag({ type: 'enter', paths: ['/a.pkl', '/b.pkl', '/c.pkl'] });
	expect(await screen.findByText('Open 3 files')).toBeInTheDocument();
	expect(document.querySelector('#drop-overlay')).toBeInTheDocument();
	host.drag({ type: 'leave' });
	await waitFor(() => {
		expect(document.querySelector('#drop-overlay')).toBeNull();
	});
});

it('opens what is dropped', async () => {
	const { host } = await setUp();
	host.drag({ type: 'enter', paths: ['/models/iris.pkl'] });
	expect(await screen.findByText('Open iris.pkl')).toBeInTheDocument();
	host.drag({ type: 'over' });
	host.drag({ type: 'drop', paths: ['/models/iris.pkl'] });
	expect(await screen.findByRole('button', { name: 'Name: iris' })).toBeInTheDocument();
	expect(document.querySelector('#drop-overlay')).toBeNull();
});

it('opens the paths of a second start', async () => {
	const { host } = await setUp(pipelineDraft());
	host.nudge('/models/second.pkl');
	expect(await screen.findByRole('button', { name: 'Name: second' })).toBeInTheDocument();
});

it('says what a rejected file is, lets the message be copied, and dismissed', async () => {
	const { host, user } = await setUp();
	host.artifacts.set('/data.csv', ipcError('notAModel', 'This is a CSV file; drop the model.'));
	host.artifacts.set('/m.joblib', ipcError('damaged', 'm.joblib ends 1 024 bytes too early.'));
	host.drag({ type: 'drop', paths: ['/data.csv', '/m.joblib'] });
	const alert = await screen.findByRole('alert', { name: 'Files that could not be opened' });
	expect(within(alert).getByText('Not a model')).toBeInTheDocument();
	expect(within(alert).getByText('Damaged')).toBeInTheDocument();
	const [copy] = within(alert).getAllByRole('button', { name: 'Copy the message' });
	if (copy !== undefined) await user.click(copy);
	expect(host.copied).toEqual(['Not a model\n/data.csv\nThis is a CSV file; drop the model.']);
	await user.click(within(alert).getByRole('button', { name: 'Dismiss data.csv' }));
	await user.click(within(alert).getByRole('button', { name: 'Dismiss m.joblib' }));
	expect(screen.queryByRole('alert', { name: 'Files that could not be opened' })).toBeNull();
});

it('shows the verdict, the framework and the exact size', async () => {
	await setUp(pipelineDraft());
	expect(document.querySelector('#verdict')).toHaveTextContent('Safe');
	expect(screen.getByText('scikit-learn 1.9.1')).toBeInTheDocument();
	expect(screen.getByText('1.5 MB')).toHaveAttribute('title', '1,482,113 bytes');
});

it('has every section, by its id', async () => {
	await setUp(pipelineDraft());
	const found = [...document.querySelectorAll('[data-section]')].map((section) =>
		section.getAttribute('data-section'),
	);
	expect(found).toEqual(SECTIONS.map(({ id }) => id));
});

it('edits the name in place and resets it to what was read', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.click(screen.getByRole('button', { name: 'Name: churn_pipeline' }));
	await user.keyboard('churn{Enter}');
	expect(await screen.findByRole('button', { name: 'Name: churn' })).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Reset the name' }));
	expect(await screen.findByRole('button', { name: 'Name: churn_pipeline' })).toBeInTheDocument();
});

it('undoes and redoes with the keyboard', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.click(screen.getByRole('button', { name: 'Name: churn_pipeline' }));
	await user.keyboard('churn{Enter}');
	await screen.findByRole('button', { name: 'Name: churn' });
	await user.keyboard('{Control>}z{/Control}');
	expect(await screen.findByRole('button', { name: 'Name: churn_pipeline' })).toBeInTheDocument();
	await user.keyboard('{Control>}{Shift>}z{/Shift}{/Control}');
	expect(await screen.findByRole('button', { name: 'Name: churn' })).toBeInTheDocument();
});

it('undoes with the keyboard what the engine has not answered yet', async () => {
	const { host, user } = await setUp(pipelineDraft());
	const answer = host.hold();
	await user.click(screen.getByRole('button', { name: 'Remove pandas' }));
	await user.keyboard('{Control>}z{/Control}');
	answer();
	await waitFor(async () => {
		expect((await host.listDrafts())[0]?.redo).toBe('Edit requirements');
	});
	const answerLater = host.hold();
	await user.keyboard('{Control>}{Shift>}z{/Shift}w{/Control}');
	expect(await screen.findByRole('alertdialog', { name: /^Close/ })).toBeInTheDocument();
	answerLater();
	await waitFor(() => {
		expect(screen.queryByText('pandas')).toBeNull();
	});
});

it('leaves undo to the field while text is being edited', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.click(screen.getByRole('button', { name: 'Name: churn_pipeline' }));
	await user.keyboard('churn{Enter}');
	await user.click(await screen.findByRole('button', { name: 'Name: churn' }));
	await user.keyboard('x{Control>}z{/Control}{Escape}');
	expect(screen.getByRole('button', { name: 'Name: churn' })).toBeInTheDocument();
});

it('saves the description as it is typed, also when a command interrupts', async () => {
	const { host, user } = await setUp(pipelineDraft());
	await user.type(screen.getByRole('textbox', { name: 'Description' }), 'Predicts churn.');
	await user.keyboard('{Control>}e{/Control}');
	await waitFor(async () => {
		expect((await host.listDrafts())[0]?.description).toBe('Predicts churn.');
	});
});

it('links each decision to its section, and shows no strip without any', async () => {
	const { user } = await setUp(boosterDraft(), pipelineDraft());
	const strip = screen.getByRole('region', { name: 'To decide' });
	expect(strip).toHaveTextContent('1 thing to decide');
	await user.click(within(strip).getByRole('button', { name: /What comes out/ }));
	expect(screen.getByRole('heading', { name: 'Signature' })).toHaveFocus();
	await user.click(screen.getByRole('button', { name: /^Safe churn_pipeline/ }));
	await screen.findByRole('button', { name: 'Name: churn_pipeline' });
	expect(screen.queryByRole('region', { name: 'To decide' })).toBeNull();
});

it('goes to sections with the number keys', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.keyboard('{Control>}6{/Control}');
	expect(screen.getByRole('heading', { name: 'Safety' })).toHaveFocus();
	expect(screen.getByRole('button', { name: 'Safety' })).toHaveAttribute('aria-current', 'location');
});

it('goes to the structure with Ctrl+F', async () => {
	const { user } = await setUp({ ...pipelineDraft(), hasStructure: true });
	await user.keyboard('{Control>}f{/Control}');
	expect(screen.getByRole('heading', { name: 'Structure' })).toHaveFocus();
});

it('adds, changes and removes requirements', async () => {
	const { host, user } = await setUp(pipelineDraft());
	await user.type(screen.getByRole('textbox', { name: 'New requirement' }), 'scipy>=1.11{Enter}');
	expect(await screen.findByRole('button', { name: 'Requirement 5: scipy>=1.11' })).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Requirement 3: numpy' }));
	await user.keyboard('numpy<3{Enter}');
	await user.click(await screen.findByRole('button', { name: 'Remove pandas' }));
	await waitFor(async () => {
		const lines = (await host.listDrafts())[0]?.requirements.map(({ requirement }) => requirement);
		expect(lines).toEqual(['mlflow==3.17.2', 'scikit-learn==1.9.1', 'numpy<3', 'scipy>=1.11']);
	});
});

it('explains a Python version that is none, and resets one', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.click(screen.getByRole('button', { name: 'Python version: 3.11' }));
	await user.keyboard('three{Enter}');
	expect(await screen.findByRole('alert')).toHaveTextContent('A Python version looks like 3.11');
	await user.clear(screen.getByRole('textbox', { name: 'Python version' }));
	await user.keyboard('3.12{Enter}');
	await user.click(await screen.findByRole('button', { name: 'Reset the Python version' }));
	expect(await screen.findByRole('button', { name: 'Python version: 3.11' })).toBeInTheDocument();
});

it('says in one sentence what is dangerous, and what was not read', async () => {
	await setUp(dangerousDraft());
	expect(screen.getByText('Loading this model is dangerous')).toBeInTheDocument();
	expect(screen.getByText(/Loading it runs a shell command/)).toBeInTheDocument();
	const findings = within(screen.getByRole('table', { name: 'Findings' }));
	expect(findings.getByText('Dangerous')).toBeInTheDocument();
	expect(findings.getByText('byte 27')).toBeInTheDocument();
});

it('lists what could not be read', async () => {
	await setUp(unscannedDraft());
	expect(document.querySelector('#verdict')).toHaveTextContent('Not fully read');
	expect(screen.getByText(/The bytes from 61 204 on are a nested stream/)).toBeInTheDocument();
});

it('previews a generated file', async () => {
	const { user } = await setUp(pipelineDraft());
	const toggle = screen.getByRole('button', { name: 'python_env.yaml' });
	expect(toggle).toHaveAttribute('aria-expanded', 'false');
	await user.click(toggle);
	expect(toggle).toHaveAttribute('aria-expanded', 'true');
	expect(screen.getByText(/build_dependencies/)).toBeInTheDocument();
});

it('exports from the menu to the receipt, with everything to copy', async () => {
	const { host, user } = await setUp(pipelineDraft());
	const sheet = await openSheet(user);
	expect(within(sheet).getByText('/home/ada/packages/churn_pipeline.zip')).toBeInTheDocument();
	expect(within(sheet).getByRole('list', { name: 'Files' }).children).toHaveLength(5);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	host.running[0]?.progress({ stage: 'writing', doneBytes: 500, totalBytes: 1000, file: 'model.pkl' });
	expect(await screen.findByText('500 bytes of 1 KB')).toBeInTheDocument();
	expect(screen.getByRole('progressbar')).toHaveValue(50);
	host.running[0]?.finish();
	expect(await screen.findByRole('dialog', { name: 'Exported' })).toBeInTheDocument();
	expect(document.querySelector('#receipt')).toHaveTextContent('/home/ada/packages/churn_pipeline.zip');
	await user.click(screen.getByRole('button', { name: 'Copy the SHA-256' }));
	await user.click(screen.getByRole('button', { name: 'Copy: Serve over HTTP' }));
	expect(host.copied[0]).toMatch(/^[0-9a-f]{64}$/);
	expect(host.copied[1]).toContain('mlflow models serve');
	await user.click(screen.getByRole('button', { name: 'Reveal in folder' }));
	expect(host.revealed).toEqual(['/home/ada/packages/churn_pipeline.zip']);
	await user.keyboard('{Escape}');
	expect(screen.queryByRole('dialog')).toBeNull();
});

it('opens the export menu with Ctrl+E', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.keyboard('{Control>}e{/Control}');
	expect(await screen.findByRole('menuitem', { name: /Folder…/ })).toBeInTheDocument();
});

it('does what the native menu says, and names its commands alike', async () => {
	const { host, user } = await setUp(pipelineDraft());
	host.chooseFromMenu('section-files');
	await waitFor(() => {
		expect(screen.getByRole('heading', { name: 'Files' })).toHaveFocus();
	});
	await user.click(screen.getByRole('button', { name: 'Name: churn_pipeline' }));
	await user.keyboard('churn{Enter}');
	await screen.findByRole('button', { name: 'Name: churn' });
	host.chooseFromMenu('undo');
	expect(await screen.findByRole('button', { name: 'Name: churn_pipeline' })).toBeInTheDocument();
	host.chooseFromMenu('palette');
	expect(await screen.findByRole('combobox', { name: 'Search commands' })).toBeInTheDocument();
	host.chooseFromMenu('export');
	expect(screen.queryByRole('menuitem')).toBeNull();
});

it('says in the receipt what is worth knowing about what was written', async () => {
	const { host, user } = await setUp(pipelineDraft());
	host.receiptWarnings = ['The folder was written without its times.'];
	const sheet = await openSheet(user);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	host.running[0]?.finish();
	expect(await screen.findByText('The folder was written without its times.')).toBeInTheDocument();
});

it('cancels an export and says that nothing is left', async () => {
	const { host, user } = await setUp(pipelineDraft());
	const sheet = await openSheet(user);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	await user.click(await screen.findByRole('button', { name: 'Cancel' }));
	expect(await screen.findByText('Cancelled. Nothing was left behind.')).toBeInTheDocument();
	expect(host.cancelled).toEqual(['pipeline']);
});

it('asks before it replaces anything', async () => {
	const { host, user } = await setUp(pipelineDraft());
	const sheet = await openSheet(user);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	host.running[0]?.fail('targetExists', 'churn_pipeline.zip exists already.');
	await user.click(await screen.findByRole('button', { name: 'Replace churn_pipeline.zip' }));
	expect(host.running[1]?.order.overwrite).toBe(true);
});

it('says why an export failed and what was kept', async () => {
	const { host, user } = await setUp(pipelineDraft());
	const sheet = await openSheet(user);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	host.running[0]?.fail('writeFailed', 'The disk /home is full.');
	expect(await screen.findByRole('dialog', { name: 'The package was not written' })).toBeInTheDocument();
	expect(screen.getByRole('alert')).toHaveTextContent('The disk /home is full.');
	expect(screen.getByText(/Your draft is unchanged/)).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Try again' }));
	expect(host.running).toHaveLength(2);
});

it('makes a package of a dangerous model only after the word was typed', async () => {
	const { host, user } = await setUp(dangerousDraft());
	const sheet = await openSheet(user);
	const write = within(sheet).getByRole('button', { name: 'Write package' });
	expect(write).toBeDisabled();
	const field = within(sheet).getByRole('textbox');
	await user.type(field, 'danger{Enter}');
	expect(write).toBeDisabled();
	expect(host.running).toHaveLength(0);
	await user.type(field, 'ous');
	expect(write).toBeEnabled();
	await user.click(write);
	expect(host.running).toHaveLength(1);
});

it('leaves other drafts usable while one is exported', async () => {
	const { host, user } = await setUp(pipelineDraft(), boosterDraft());
	const sheet = await openSheet(user);
	await user.click(within(sheet).getByRole('button', { name: 'Write package' }));
	host.running[0]?.progress({ stage: 'writing', doneBytes: 250, totalBytes: 1000, file: 'model.pkl' });
	await user.click(screen.getByRole('button', { name: /fraud_xgb xgboost · Booster/ }));
	expect(await screen.findByRole('button', { name: 'Name: fraud_xgb' })).toBeInTheDocument();
	expect(screen.queryByRole('dialog')).toBeNull();
	const row = screen.getByRole('button', { name: /churn_pipeline Exporting, 25 %/ });
	await user.click(row);
	expect(await screen.findByRole('dialog', { name: 'Exporting' })).toBeInTheDocument();
});

it('does not offer an export that is impossible, and says why', async () => {
	const { user } = await setUp({ ...pipelineDraft(), exportBlocked: 'The model has no predict method.' });
	const button = screen.getByRole('button', { name: 'Export' });
	expect(button).toHaveAttribute('aria-disabled', 'true');
	expect(button).toHaveAccessibleDescription('The model has no predict method.');
	await user.click(button);
	await user.keyboard('{Control>}e{/Control}');
	expect(screen.queryByRole('menuitem')).toBeNull();
});

it('closes an unchanged draft at once and asks about a changed one', async () => {
	const { host, user } = await setUp(pipelineDraft('a'), boosterDraft('b'));
	await user.click(screen.getByRole('button', { name: 'Name: churn_pipeline' }));
	await user.keyboard('churn{Enter}');
	await screen.findByRole('button', { name: 'Name: churn' });
	await user.keyboard('{Control>}w{/Control}');
	const question = await screen.findByRole('alertdialog', { name: 'Close churn?' });
	await user.click(within(question).getByRole('button', { name: 'Keep it open' }));
	expect(await host.listDrafts()).toHaveLength(2);
	await user.click(screen.getByRole('button', { name: 'Close fraud_xgb' }));
	await waitFor(async () => {
		expect((await host.listDrafts()).map((draft) => draft.id)).toEqual(['a']);
	});
});

it('makes the drafts one tab stop, with the arrow keys inside', async () => {
	const { host, user } = await setUp(pipelineDraft('a'), boosterDraft('b'));
	await user.tab();
	await user.tab();
	expect(screen.getByRole('button', { name: /^Safe churn_pipeline/ })).toHaveFocus();
	await user.keyboard('{ArrowDown}{ArrowRight}');
	expect(screen.getByRole('button', { name: 'Close fraud_xgb' })).toHaveFocus();
	await user.keyboard('{ArrowLeft}{ArrowUp}');
	expect(screen.getByRole('button', { name: /^Safe churn_pipeline/ })).toHaveFocus();
	await user.tab();
	expect(screen.getByRole('button', { name: 'Name: churn_pipeline' })).toHaveFocus();
	expect(await host.listDrafts()).toHaveLength(2);
});

it('shows the draft that the arrow keys lead to', async () => {
	const { user } = await setUp(pipelineDraft(), boosterDraft());
	screen.getByRole('button', { name: /^Safe churn_pipeline/ }).focus();
	await user.keyboard('{ArrowDown}{Enter}');
	expect(await screen.findByRole('button', { name: 'Name: fraud_xgb' })).toBeInTheDocument();
});

it('finds and runs commands by name', async () => {
	const { user } = await setUp(pipelineDraft(), boosterDraft());
	await user.keyboard('{Control>}k{/Control}');
	const field = await screen.findByRole('combobox', { name: 'Search commands' });
	expect(screen.getByRole('option', { name: 'Open files… Ctrl+O' })).toBeInTheDocument();
	await user.type(field, 'show fraud{Enter}');
	expect(await screen.findByRole('button', { name: 'Name: fraud_xgb' })).toBeInTheDocument();
});

it('shows in the palette every key that works', async () => {
	const { user } = await setUp(pipelineDraft());
	await user.keyboard('{Control>}k{/Control}');
	await screen.findByRole('combobox', { name: 'Search commands' });
	const keys = screen
		.getAllByRole('option')
		.flatMap((option) => /Ctrl\S+$/.exec(option.textContent)?.[0] ?? []);
	expect(keys).toEqual([
		'Ctrl+O',
		'Ctrl+Shift+O',
		'Ctrl+E',
		'Ctrl+W',
		'Ctrl+1',
		'Ctrl+2',
		'Ctrl+3',
		'Ctrl+4',
		'Ctrl+5',
		'Ctrl+6',
		'Ctrl+7',
		'Ctrl+8',
		'Ctrl+F',
	]);
});
