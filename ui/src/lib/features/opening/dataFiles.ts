/** Endings of files that can only be data. JSON and NumPy files may be models too: what they are shows when they are read. */
const DATA = /\.(csv|tsv|tab|parquet|pq|arrow|arrows|feather|ipc|jsonl|ndjson|npy)$/i;

/** Names that environment files usually have. A list of another name shows when it is read. */
const ENVIRONMENT =
	/(^|[/\\])((requirements|constraints|freeze)[^/\\]*\.(txt|in)|(environment|conda|conda-lock|python_env)\.ya?ml|(uv|poetry|pdm|pipfile)\.lock|pylock[^/\\]*\.toml)$/i;

/** Whether a path is an environment file by its name. */
export function isEnvironmentFile(path: string): boolean {
	return ENVIRONMENT.test(path);
}

/** Whether a path is a data file by its name. */
export function isDataFile(path: string): boolean {
	return DATA.test(path);
}
