//! The list of the model's tensors, each with its shape and its formats.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::protocol::TensorFormat;

use crate::ui::words::t;

/// How many tensors take each way from file to GPU, and how many weights they hold.
fn summary(tensors: &[TensorFormat]) -> Vec<String> {
    let mut ways = BTreeMap::<(&str, &str), (usize, u64)>::new();
    for tensor in tensors {
        let way = ways.entry((&tensor.file, &tensor.gpu)).or_default();
        way.0 += 1;
        way.1 += tensor.dims.iter().map(|dim| *dim as u64).product::<u64>();
    }
    let mut ways: Vec<_> = ways.into_iter().collect();
    ways.sort_by_key(|(_, (_, weights))| std::cmp::Reverse(*weights));
    ways.into_iter()
        .map(|((file, gpu), (count, weights))| {
            t!("models-way", count = count, file = file, gpu = gpu, weights = weights)
        })
        .collect()
}

/// A name that may break after its dots.
fn breakable(name: &str) -> impl IntoView + use<> {
    name.split_inclusive('.').map(|part| view! { {part.to_owned()}<wbr /> }).collect_view()
}

/// The list.
#[component]
pub fn Tensors(tensors: Vec<TensorFormat>) -> impl IntoView {
    let ways = summary(&tensors).into_iter().map(|way| view! { <li>{way}</li> }).collect_view();
    let lines = tensors
        .into_iter()
        .map(|tensor| {
            let dims = tensor.dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
            view! {
                <tr>
                    <th scope="row">{breakable(&tensor.name)}</th>
                    <td>{dims}</td>
                    <td>{tensor.file}</td>
                    <td>{tensor.gpu}</td>
                    <td class="right">{tensor.chunks}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <h3>{t!("models-tensors")}</h3>
        <ul class="ways">{ways}</ul>
        <div class="table-scroll" role="region" aria-label=t!("models-tensors") tabindex="0">
            <table class="listing">
                <thead>
                    <tr>
                        <th scope="col">{t!("models-name")}</th>
                        <th scope="col">{t!("models-shape")}</th>
                        <th scope="col">{t!("models-in-file")}</th>
                        <th scope="col">{t!("models-gpu-bytes")}</th>
                        <th scope="col" class="right">{t!("models-buffers")}</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_summed_up_by_format() {
        let tensor = |dims: &[usize], file: &str, gpu: &str| TensorFormat {
            name: String::new(),
            dims: dims.to_vec(),
            file: file.into(),
            gpu: gpu.into(),
            chunks: 1,
        };
        let tensors =
            [tensor(&[8], "F32", "f32"), tensor(&[64, 32], "Q4_0", "P4"), tensor(&[2, 32], "Q4_0", "P4")];
        assert_eq!(summary(&tensors), ["2 × Q4_0 → P4, 2,112 weights", "1 × F32 → f32, 8 weights"]);
    }
}
