import type { IpcError } from '$lib/ipc/generated/IpcError';

/** Makes an `IpcError` of whatever a host method rejected with; what is not one is a bug of ours. */
export function toIpcError(reason: unknown): IpcError {
	if (isIpcError(reason)) return reason;
	const message = reason instanceof Error ? reason.message : String(reason);
	return { code: 'internal', message };
}

function isIpcError(value: unknown): value is IpcError {
	return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}
