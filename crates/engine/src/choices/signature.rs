//! How edits change the signature: rows of one side, whole sides, parameters.

use std::collections::BTreeSet;

use packwright_inspect::{Inspection, Sourced, SourcedSchema};
use packwright_mlflow::json::PORTABLE_DTYPES;
use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, ParamSpec, TensorSpec};

use super::{Choices, YOU};
use crate::edit::{EditError, Side};

/// The most dimensions that NumPy's arrays have.
const MOST_DIMENSIONS: usize = 64;

impl Choices {
    pub(super) fn slot(&mut self, side: Side) -> &mut Option<SourcedSchema> {
        match side {
            Side::Inputs => &mut self.inputs,
            Side::Outputs => &mut self.outputs,
        }
    }

    pub(super) fn side(&self, side: Side, inspection: &Inspection) -> Option<SourcedSchema> {
        let signature = self.signature(inspection);
        match side {
            Side::Inputs => signature.inputs,
            Side::Outputs => signature.outputs,
        }
    }

    pub(super) fn set_schema(
        &mut self,
        side: Side,
        names: &[String],
        ty: &str,
        shape: &[i64],
    ) -> Result<(), EditError> {
        let schema = new_schema(names, ty, shape)?;
        unique_names(Some(&schema))?;
        *self.slot(side) = Some(schema);
        Ok(())
    }

    pub(super) fn add_column(
        &mut self,
        side: Side,
        name: &str,
        ty: &str,
        inspection: &Inspection,
    ) -> Result<(), EditError> {
        let mut schema = self.side(side, inspection).unwrap_or_else(|| SourcedSchema::Columns(Vec::new()));
        match &mut schema {
            SourcedSchema::Columns(columns) => {
                if columns.iter().any(|column| column.value.name.is_none()) {
                    return Err(EditError::Schema(
                        "a table without names takes no named column; replace it".into(),
                    ));
                }
                let name = Some(ColumnName::Text(name.to_owned()));
                columns.push(Sourced::new(ColSpec { name, ty: column_type(ty)?, required: true }, YOU));
            }
            SourcedSchema::Tensors(tensors) => {
                if tensors.iter().any(|tensor| tensor.value.name.is_none()) {
                    return Err(EditError::Schema(
                        "give the first tensor a name before you add another".into(),
                    ));
                }
                let spec = TensorSpec { name: Some(name.to_owned()), dtype: dtype(ty)?, shape: vec![-1] };
                tensors.push(Sourced::new(spec, YOU));
            }
        }
        unique_names(Some(&schema))?;
        *self.slot(side) = Some(schema);
        Ok(())
    }

    pub(super) fn remove_column(
        &mut self,
        side: Side,
        index: usize,
        inspection: &Inspection,
    ) -> Result<(), EditError> {
        let missing = EditError::Index { what: side.word(), index };
        let mut schema = self.side(side, inspection).ok_or_else(|| missing.clone())?;
        let n_rows = match &schema {
            SourcedSchema::Columns(columns) => columns.len(),
            SourcedSchema::Tensors(tensors) => tensors.len(),
        };
        if n_rows <= index {
            return Err(missing);
        }
        if n_rows == 1 {
            return Err(EditError::Schema(
                "MLflow takes no schema without columns; reset or replace it instead".into(),
            ));
        }
        match &mut schema {
            SourcedSchema::Columns(columns) => drop(columns.remove(index)),
            SourcedSchema::Tensors(tensors) => drop(tensors.remove(index)),
        }
        *self.slot(side) = Some(schema);
        Ok(())
    }

    pub(super) fn move_column(
        &mut self,
        side: Side,
        from: usize,
        to: usize,
        inspection: &Inspection,
    ) -> Result<(), EditError> {
        fn moved<T>(rows: &mut Vec<T>, from: usize, to: usize) -> bool {
            let fits = from < rows.len() && to < rows.len();
            if fits {
                let row = rows.remove(from);
                rows.insert(to, row);
            }
            fits
        }
        let missing = EditError::Index { what: side.word(), index: from.max(to) };
        let mut schema = self.side(side, inspection).ok_or_else(|| missing.clone())?;
        let fits = match &mut schema {
            SourcedSchema::Columns(columns) => moved(columns, from, to),
            SourcedSchema::Tensors(tensors) => moved(tensors, from, to),
        };
        if !fits {
            return Err(missing);
        }
        *self.slot(side) = Some(schema);
        Ok(())
    }

    fn params(&self, inspection: &Inspection) -> Vec<Sourced<ParamSpec>> {
        self.signature(inspection).params.unwrap_or_default()
    }

    pub(super) fn set_param(
        &mut self,
        index: usize,
        spec: ParamSpec,
        inspection: &Inspection,
    ) -> Result<(), EditError> {
        let mut params = self.params(inspection);
        if spec.name.is_empty() {
            return Err(EditError::Schema("a parameter needs a name".into()));
        }
        // MLflow's own reader says whether the default is one of its type.
        let text = packwright_mlflow::json::params_text(std::slice::from_ref(&spec));
        ParamSpec::list_from_text(&text).map_err(|error| EditError::Schema(error.message))?;
        if params.iter().enumerate().any(|(i, known)| i != index && known.value.name == spec.name) {
            return Err(EditError::Schema(format!("there is a parameter \"{}\" already", spec.name)));
        }
        if index == params.len() {
            params.push(Sourced::new(spec, YOU));
        } else {
            let missing = EditError::Index { what: "parameter", index };
            *params.get_mut(index).ok_or(missing)? = Sourced::new(spec, YOU);
        }
        self.params = Some(params);
        Ok(())
    }

    pub(super) fn remove_param(&mut self, index: usize, inspection: &Inspection) -> Result<(), EditError> {
        let mut params = self.params(inspection);
        if params.len() <= index {
            return Err(EditError::Index { what: "parameter", index });
        }
        params.remove(index);
        self.params = Some(params);
        Ok(())
    }

    pub(super) fn edit_row(
        &mut self,
        side: Side,
        index: usize,
        inspection: &Inspection,
        change: impl FnOnce(Row<'_>) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let missing = EditError::Index { what: side.word(), index };
        let mut schema = self.side(side, inspection).ok_or_else(|| missing.clone())?;
        match &mut schema {
            SourcedSchema::Columns(columns) => {
                let n_rows = columns.len();
                let column = columns.get_mut(index).ok_or(missing)?;
                change(Row::Column(&mut column.value, n_rows))?;
                YOU.clone_into(&mut column.source);
            }
            SourcedSchema::Tensors(tensors) => {
                let n_rows = tensors.len();
                let tensor = tensors.get_mut(index).ok_or(missing)?;
                change(Row::Tensor(&mut tensor.value, n_rows))?;
                YOU.clone_into(&mut tensor.source);
            }
        }
        *self.slot(side) = Some(schema);
        Ok(())
    }
}

/// One row of a schema, and how many rows that has.
#[derive(Debug)]
pub(super) enum Row<'a> {
    Column(&'a mut ColSpec, usize),
    Tensor(&'a mut TensorSpec, usize),
}

impl Row<'_> {
    pub(super) fn set_type(self, ty: &str) -> Result<(), EditError> {
        match self {
            Row::Column(column, _) => column.ty = column_type(ty)?,
            Row::Tensor(tensor, _) => tensor.dtype = dtype(ty)?,
        }
        Ok(())
    }

    pub(super) fn set_required(self, is_required: bool) -> Result<(), EditError> {
        match self {
            Row::Column(column, _) if column.name.is_none() && !is_required => {
                Err(EditError::Schema("MLflow takes no optional column without a name".into()))
            }
            Row::Column(column, _) => {
                column.required = is_required;
                Ok(())
            }
            Row::Tensor(..) => Err(EditError::Schema("every tensor is required".into())),
        }
    }

    pub(super) fn set_shape(self, shape: &[i64]) -> Result<(), EditError> {
        match self {
            Row::Tensor(tensor, _) => tensor.shape = checked_shape(shape)?,
            Row::Column(..) => return Err(EditError::Schema("a column has no shape".into())),
        }
        Ok(())
    }

    pub(super) fn set_name(self, name: &str) -> Result<(), EditError> {
        let (has_name, n_rows) = match &self {
            Row::Column(column, n_rows) => (column.name.is_some(), *n_rows),
            Row::Tensor(tensor, n_rows) => (tensor.name.is_some(), *n_rows),
        };
        if 1 < n_rows && has_name == name.is_empty() {
            let problem = "MLflow wants either all rows named or none; set the whole side instead";
            return Err(EditError::Schema(problem.into()));
        }
        match self {
            Row::Column(column, _) => {
                column.name = (!name.is_empty()).then(|| ColumnName::Text(name.to_owned()));
                // An optional column without a name stops MLflow from loading the package.
                column.required |= name.is_empty();
            }
            Row::Tensor(tensor, _) => tensor.name = (!name.is_empty()).then(|| name.to_owned()),
        }
        Ok(())
    }
}

fn new_schema(names: &[String], ty: &str, shape: &[i64]) -> Result<SourcedSchema, EditError> {
    if names.is_empty() {
        let tensor = TensorSpec::unnamed(dtype(ty)?, checked_shape(shape)?);
        return Ok(SourcedSchema::Tensors(vec![Sourced::new(tensor, YOU)]));
    }
    let ty = column_type(ty)?;
    let columns = names.iter().map(|name| {
        let name = Some(ColumnName::Text(name.clone()));
        Sourced::new(ColSpec { name, ty: ty.clone(), required: true }, YOU)
    });
    Ok(SourcedSchema::Columns(columns.collect()))
}

fn checked_shape(shape: &[i64]) -> Result<Vec<i64>, EditError> {
    if shape.is_empty() || MOST_DIMENSIONS < shape.len() || shape.iter().any(|dim| *dim < -1) {
        let problem = "a tensor's shape is a list of sizes, -1 where it varies: [-1, 4]";
        return Err(EditError::Schema(problem.into()));
    }
    Ok(shape.to_vec())
}

pub(super) fn column_type(text: &str) -> Result<ColumnType, EditError> {
    ColumnType::parse(text).map_err(EditError::Schema)
}

fn dtype(name: &str) -> Result<String, EditError> {
    let found = PORTABLE_DTYPES.iter().find(|dtype| **dtype == name);
    found.map(|dtype| (*dtype).to_owned()).ok_or_else(|| {
        EditError::Schema(format!(
            "MLflow has no tensor type \"{name}\"; it has {}",
            PORTABLE_DTYPES.join(", ")
        ))
    })
}

/// MLflow does not notice two columns of one name, and callers cannot send them.
pub(super) fn unique_names(schema: Option<&SourcedSchema>) -> Result<(), EditError> {
    let names: Vec<String> = match schema {
        Some(SourcedSchema::Columns(columns)) => {
            columns.iter().filter_map(|column| column.value.name.as_ref().map(ToString::to_string)).collect()
        }
        Some(SourcedSchema::Tensors(tensors)) => {
            tensors.iter().filter_map(|tensor| tensor.value.name.clone()).collect()
        }
        None => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for name in &names {
        if name.is_empty() {
            return Err(EditError::Schema("a column needs a name".into()));
        }
        if !seen.insert(name) {
            return Err(EditError::Schema(format!(
                "there are two rows named \"{name}\"; callers could not send both"
            )));
        }
    }
    Ok(())
}
