import type { CheckView } from '$lib/ipc/generated/CheckView';
import { countOf } from '$lib/ui/format';

/** One line about the rules of a place: the worst one in words, or how many there are where they are listed below. */
export function summaryOf(checks: CheckView[], areListed: boolean): string {
	const amiss = checks.filter(({ outcome }) => outcome !== 'pass');
	const [worst] = amiss;
	if (worst === undefined) return `${countOf(checks.length, 'rule')}, all hold`;
	if (areListed) return `${countOf(checks.length, 'rule')}, ${amiss.length} to look at`;
	return amiss.length === 1 ? worst.text : `${worst.text} And ${amiss.length - 1} more.`;
}
