//! Which columns fit: those that say most.

/// A column of a table, beside the first one.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    pub(super) what: T,
    pub(super) title: &'static str,
    pub(super) width: usize,
    /// What goes last where room is scarce has the lowest number.
    pub(super) importance: u8,
}

/// Between columns.
pub(super) const GAP: usize = 2;

/// The columns, in their order, for which there is room beside `first` columns of the first one.
pub(super) fn fitting<T: Clone>(columns: &[Column<T>], width: usize, first: usize) -> Vec<Column<T>> {
    let mut by_importance: Vec<_> =
        columns.iter().enumerate().filter(|(_, column)| column.width > 0).collect();
    by_importance.sort_by_key(|(_, column)| column.importance);
    let mut room = width.saturating_sub(first);
    let mut fitting: Vec<_> = by_importance
        .into_iter()
        .take_while(|(_, column)| match room.checked_sub(column.width + GAP) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        })
        .collect();
    fitting.sort_by_key(|(place, _)| *place);
    fitting.into_iter().map(|(_, column)| column.clone()).collect()
}
