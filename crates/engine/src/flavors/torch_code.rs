//! What generated code for modules of PyTorch has in common: arrays in, arrays out.

/// `predict` of a class that keeps the network as `network`; `arguments` stand between `self` and the data, whose name is
/// `model_input`.
pub(super) fn predict(arguments: &str, network: &str) -> String {
    format!(
        r#"    def predict(self, {arguments}):
        """Takes a table, an array, or a dict with an array for each argument."""
        dtype = _dtype({network})
        with torch.no_grad():
            if isinstance(model_input, dict):
                given = model_input.items()
                named = {{name: _tensor(data, dtype) for name, data in given}}
                return _arrays({network}(**named))
            return _arrays({network}(_tensor(model_input, dtype)))
"#
    )
}

/// The functions that [`predict`] calls.
pub(super) const TENSORS: &str = r#"

def _dtype(network):
    floats = (one.dtype for one in network.parameters() if one.is_floating_point())
    return next(floats, torch.float32)


def _tensor(data, dtype):
    data = data.to_numpy() if hasattr(data, "to_numpy") else np.asarray(data)
    if data.dtype == object:
        data = data.astype("float32")
    tensor = torch.tensor(np.ascontiguousarray(data))
    # Tables and JSON bring double precision; layers take their own.
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
"#;

/// The function that makes arrays of what a network returns.
pub(super) const ARRAYS: &str = r"

def _arrays(result):
    if isinstance(result, torch.Tensor):
        # NumPy has no bfloat16.
        result = result.float() if result.dtype == torch.bfloat16 else result
        return result.detach().numpy()
    if isinstance(result, dict):
        return {name: _arrays(value) for name, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [_arrays(value) for value in result]
    return result
";
