// Every kernel for the instruction set at hand, and its table.
#include "vec.h"
#include "gemm.h"
#include "attn.h"
#include "elem.h"
#include "vocab.h"
#include "optim.h"

const kn_isa ISA = {
    ISA_NAME, MR, NR, packa, packb, tiles, addbias, colsums, add, axpy, scale, gather, scatter, norm, normdx, normdw, rope,
    gelu, gelugrad, swiglu, swiglugrad, attend, attendgrad, logprob, logprobgrad, argmax, adamw, sumsq, hasnan,
    bf16tof32, f16tof32, f32tobf16, f32tof16, fma_chains,
};
