//! Two sines laid over a stretch of sound by least squares: how loud each is, where in its turn, and how much of
//! it they leave unexplained. A window alone sees in each tone what the other spills into it.

/// A tone's complex amplitude over one block.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bin {
    pub real: f32,
    pub imaginary: f32,
}

impl Bin {
    pub fn power(self) -> f32 {
        self.real * self.real + self.imaginary * self.imaginary
    }

    pub fn turn(angle: f32) -> Bin {
        Bin {
            real: angle.cos(),
            imaginary: angle.sin(),
        }
    }

    pub fn angle(self) -> f32 {
        self.imaginary.atan2(self.real)
    }

    /// How far the tone has turned since `earlier`, as its angle.
    pub fn since(self, earlier: Bin) -> Bin {
        self.times(Bin {
            real: earlier.real,
            imaginary: -earlier.imaginary,
        })
    }

    pub fn times(self, other: Bin) -> Bin {
        Bin {
            real: self.real * other.real - self.imaginary * other.imaginary,
            imaginary: self.real * other.imaginary + self.imaginary * other.real,
        }
    }
}

/// Two sines that come nearest to a stretch of sound.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Amplitude of each, and phase at the stretch's start.
    pub tones: [Bin; 2],
    /// Share of the energy that is neither.
    pub rest: f32,
}

/// Fits sines of these frequencies; `None` where they cannot be told apart.
pub fn fit<'a>(sound: impl Iterator<Item = &'a f32>, hz: [f32; 2]) -> Option<Pair> {
    let step = hz.map(|hz| Bin::turn(std::f32::consts::TAU * hz / super::RATE_HZ));
    let mut at = [Bin::turn(0.0); 2];
    // The normal equations of cos and sin of both, their right-hand side as a fifth column.
    let mut rows = [[0f32; 5]; 4];
    let mut energy = 0f32;
    for sample in sound {
        let basis = [at[0].real, at[0].imaginary, at[1].real, at[1].imaginary];
        for (row, left) in rows.iter_mut().zip(basis) {
            for (sum, right) in row.iter_mut().zip(basis) {
                *sum += left * right;
            }
            row[4] += left * sample;
        }
        energy += sample * sample;
        at = [at[0].times(step[0]), at[1].times(step[1])];
    }
    let right = rows.map(|row| row[4]);
    let [a, b, c, d] = solve(rows)?;
    let explained: f32 = [a, b, c, d].iter().zip(right).map(|(x, y)| x * y).sum();
    let tone = |cosine: f32, sine: f32| Bin {
        real: cosine,
        imaginary: -sine,
    };
    Some(Pair {
        tones: [tone(a, b), tone(c, d)],
        rest: (energy - explained) / energy.max(1.0),
    })
}

/// Four unknowns by elimination, the largest pivot first.
fn solve(mut rows: [[f32; 5]; 4]) -> Option<[f32; 4]> {
    for column in 0..4 {
        let pivot =
            (column..4).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let leading = rows[column];
        if leading[column].abs() < 1e-3 {
            return None;
        }
        for row in &mut rows[column + 1..] {
            let factor = row[column] / leading[column];
            for (value, above) in row.iter_mut().zip(leading) {
                *value -= factor * above;
            }
        }
    }
    let mut found = [0f32; 4];
    for row in (0..4).rev() {
        let known: f32 = (row + 1..4)
            .map(|other| rows[row][other] * found[other])
            .sum();
        found[row] = (rows[row][4] - known) / rows[row][row];
    }
    Some(found)
}
