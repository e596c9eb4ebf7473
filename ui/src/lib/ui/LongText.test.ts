import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import LongText from './LongText.svelte';

it('shows a short text whole', () => {
	render(LongText, { text: 'age, income', label: 'Features' });
	expect(screen.queryByRole('button')).toBeNull();
});

it('shows the beginning of a long one, and all of it when asked', async () => {
	const text = Array.from({ length: 500 }, (_, index) => `sensor_${index}`).join(', ');
	render(LongText, { text, label: 'Features' });
	expect(screen.queryByText(/sensor_499/)).toBeNull();
	await userEvent.click(screen.getByRole('button', { name: 'Show all of Features' }));
	expect(screen.getByText(/sensor_499/)).toBeInTheDocument();
});
