//! Embeddings without a model: words hashed into a vector. Texts that share words are near each other.

/// Dimension of vectors whose size the request does not name.
pub const DIMENSION: usize = 64;

/// The unit vector of `text`; of the empty text, the first axis.
pub fn embedding(text: &str, dimension: usize) -> Vec<f32> {
    let mut vector = vec![0.0f32; dimension.max(1)];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let hash = fnv(&word.to_lowercase());
        let at = usize::try_from(hash % vector.len() as u64).unwrap_or_default();
        vector[at] += if hash >> 63 == 0 { 1.0 } else { -1.0 };
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
    } else {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_near_each_other() {
        let dot =
            |a: &str, b: &str| -> f32 { embedding(a, 256).iter().zip(embedding(b, 256)).map(|(x, y)| x * y).sum() };
        assert!((dot("a red fox", "A red fox!") - 1.0).abs() < 1e-5);
        assert!(dot("a red fox", "the red fox") > dot("a red fox", "blue whales sing"));
        assert_eq!(embedding("", 8).len(), 8);
    }
}
