#include "entries.h"

// Each entry says its number and goes to the common part. That saves whatever may hold an argument (a variadic call
// uses registers that no declaration names), asks, restores all of it and jumps: stack and return address are as the
// caller left them. There is no unwind information: nothing unwinds through here but a backtrace, which ends.

#if defined(__x86_64__)

// clang-format off
asm(R"(
  .pushsection .text.redismodule_faults, "ax", @progbits
  .hidden redismodule_fault_entries
  .globl redismodule_fault_entries
  .hidden redismodule_fault_leave
  .globl redismodule_fault_leave
  .hidden redismodule_fault_target
  .hidden redismodule_fault_returned

  .set redismodule_fault_number, 0
  .macro redismodule_fault_entry
    pushq $redismodule_fault_number
    jmp redismodule_fault_enter
    .balign 16
    .set redismodule_fault_number, redismodule_fault_number + 1
  .endm

  .balign 16
redismodule_fault_entries:
)"
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) "  redismodule_fault_entry\n"
#include "redismodule/abi/functions.inc"
R"(
  .purgem redismodule_fault_entry

redismodule_fault_enter:
  subq $192, %rsp
  movq %rdi, 0(%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rcx, 24(%rsp)
  movq %r8, 32(%rsp)
  movq %r9, 40(%rsp)
  movq %rax, 48(%rsp)
  movq %r10, 56(%rsp)
  movaps %xmm0, 64(%rsp)
  movaps %xmm1, 80(%rsp)
  movaps %xmm2, 96(%rsp)
  movaps %xmm3, 112(%rsp)
  movaps %xmm4, 128(%rsp)
  movaps %xmm5, 144(%rsp)
  movaps %xmm6, 160(%rsp)
  movaps %xmm7, 176(%rsp)
  movq 192(%rsp), %rdi
  movq %rsp, %rsi
  leaq 200(%rsp), %rdx
  call redismodule_fault_target
  movq %rax, %r11
  movq 0(%rsp), %rdi
  movq 8(%rsp), %rsi
  movq 16(%rsp), %rdx
  movq 24(%rsp), %rcx
  movq 32(%rsp), %r8
  movq 40(%rsp), %r9
  movq 48(%rsp), %rax
  movq 56(%rsp), %r10
  movaps 64(%rsp), %xmm0
  movaps 80(%rsp), %xmm1
  movaps 96(%rsp), %xmm2
  movaps 112(%rsp), %xmm3
  movaps 128(%rsp), %xmm4
  movaps 144(%rsp), %xmm5
  movaps 160(%rsp), %xmm6
  movaps 176(%rsp), %xmm7
  addq $200, %rsp
  jmp *%r11

  .balign 16
redismodule_fault_leave:
  subq $48, %rsp
  movq %rax, 0(%rsp)
  movq %rdx, 8(%rsp)
  movaps %xmm0, 16(%rsp)
  movq %rax, %rdi
  call redismodule_fault_returned
  movq %rax, 40(%rsp)
  movq 0(%rsp), %rax
  movq 8(%rsp), %rdx
  movaps 16(%rsp), %xmm0
  addq $40, %rsp
  ret
  .popsection
)");
// clang-format on

#elif defined(__aarch64__)

// clang-format off
asm(R"(
  .pushsection .text.redismodule_faults, "ax", %progbits
  .hidden redismodule_fault_entries
  .globl redismodule_fault_entries
  .hidden redismodule_fault_leave
  .globl redismodule_fault_leave
  .hidden redismodule_fault_target
  .hidden redismodule_fault_returned

  .set redismodule_fault_number, 0
  .macro redismodule_fault_entry
    mov x16, #redismodule_fault_number
    b redismodule_fault_enter
    .balign 16
    .set redismodule_fault_number, redismodule_fault_number + 1
  .endm

  .balign 16
redismodule_fault_entries:
)"
#define REDISMODULE_ROW(name, result, parameters, redis, valkey) "  redismodule_fault_entry\n"
#include "redismodule/abi/functions.inc"
R"(
  .purgem redismodule_fault_entry

redismodule_fault_enter:
  stp x29, x30, [sp, #-224]!
  mov x29, sp
  stp x0, x1, [sp, #16]
  stp x2, x3, [sp, #32]
  stp x4, x5, [sp, #48]
  stp x6, x7, [sp, #64]
  str x8, [sp, #80]
  stp q0, q1, [sp, #96]
  stp q2, q3, [sp, #128]
  stp q4, q5, [sp, #160]
  stp q6, q7, [sp, #192]
  mov x0, x16
  add x1, sp, #16
  add x2, sp, #8
  bl redismodule_fault_target
  mov x16, x0
  ldp x0, x1, [sp, #16]
  ldp x2, x3, [sp, #32]
  ldp x4, x5, [sp, #48]
  ldp x6, x7, [sp, #64]
  ldr x8, [sp, #80]
  ldp q0, q1, [sp, #96]
  ldp q2, q3, [sp, #128]
  ldp q4, q5, [sp, #160]
  ldp q6, q7, [sp, #192]
  ldp x29, x30, [sp], #224
  br x16

  .balign 16
redismodule_fault_leave:
  sub sp, sp, #32
  stp x0, x1, [sp]
  str q0, [sp, #16]
  bl redismodule_fault_returned
  mov x30, x0
  ldp x0, x1, [sp]
  ldr q0, [sp, #16]
  add sp, sp, #32
  ret
  .popsection
)");
// clang-format on

#endif

extern "C" {
[[gnu::visibility("hidden")]] extern char redismodule_fault_entries[];
[[gnu::visibility("hidden")]] extern char redismodule_fault_leave[];
}

namespace redismodule::faults {

constexpr std::size_t bytes_each = 16;

void* entry_of(abi::function which) noexcept {
  return redismodule_fault_entries + static_cast<std::size_t>(which) * bytes_each;
}

void* leave_point() noexcept { return redismodule_fault_leave; }

}  // namespace redismodule::faults
