/* Ed25519: RFC 8032, hostile keys and signatures, the public calls around keys. */
#include "crypto/crypto.h"
#include "support/values.h"

#include <criterion/criterion.h>

typedef struct vector {
  const char *seed, *public_key, *message, *signature;
} vector;

/* RFC 8032, 7.1, tests 1 to 3. */
static const vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551"
     "41438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
     "291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027"
     "beceea1ec40a"},
};

Test(ed25519, rfc_8032) {
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    uint8_t seed[32], message[8], signature[64];
    from_hex(vectors[i].seed, seed, sizeof seed);
    size_t length = from_hex(vectors[i].message, message, sizeof message);
    bpi_signer signer;
    cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
    cr_assert_str_eq(to_hex(signer.public_key, 32), vectors[i].public_key);
    bpi_sign(&signer, message, length, signature);
    cr_assert_str_eq(to_hex(signature, 64), vectors[i].signature);
    cr_assert(bpi_signature_valid(signer.public_key, message, length, signature));
    cr_assert(bpi_public_key_valid(signer.public_key));
  }
}

Test(ed25519, any_flipped_bit_spoils_a_signature) {
  uint8_t seed[32] = {1}, message[32] = {2}, signature[64];
  bpi_signer signer;
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
  bpi_sign(&signer, message, sizeof message, signature);
  for (size_t bit = 0; bit < 512; bit++) {
    signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    cr_assert_not(bpi_signature_valid(signer.public_key, message, sizeof message, signature), "%zu", bit);
    signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  for (size_t bit = 0; bit < 256; bit++) {
    message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    cr_assert_not(bpi_signature_valid(signer.public_key, message, sizeof message, signature));
    message[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  cr_assert(bpi_signature_valid(signer.public_key, message, sizeof message, signature));
}

/* The same signature with the group order added to its second half: the reference refuses it, as RFC 8032 demands. */
Test(ed25519, a_scalar_that_is_not_reduced_is_refused) {
  static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  uint8_t seed[32] = {1}, signature[64];
  bpi_signer signer;
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
  bpi_sign(&signer, (const uint8_t *)"m", 1, signature);
  unsigned carry = 0;
  for (size_t i = 0; i < 32; i++) {
    carry += (unsigned)signature[32 + i] + order[i];
    signature[32 + i] = (uint8_t)carry;
    carry >>= 8;
  }
  cr_assert_not(bpi_signature_valid(signer.public_key, (const uint8_t *)"m", 1, signature));
}

Test(ed25519, keys_that_are_none) {
  static const char *const keys[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000", /* identity */
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
      "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* not reduced */
  };
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    uint8_t key[32], signature[64] = {0};
    from_hex(keys[i], key, sizeof key);
    cr_assert_not(bpi_public_key_valid(key), "%s", keys[i]);
    cr_assert_not(bpi_signature_valid(key, (const uint8_t *)"", 0, signature));
  }
}

Test(ed25519, a_seed_of_zeros_is_refused) {
  uint8_t seed[32] = {0}, public_key[32] = {9}, key_id[32] = {9};
  bpi_signer signer;
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_SEED_ZERO);
  cr_assert_eq(bp_key_derive(seed, public_key, key_id, NULL), BP_SEED_ZERO);
  cr_assert_eq(public_key[0], 9);
  seed[31] = 1;
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
}

Test(ed25519, a_wiped_signer_holds_nothing) {
  uint8_t seed[32] = {7};
  bpi_signer signer;
  static const bpi_signer nothing;
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
  bpi_signer_wipe(&signer);
  cr_assert_eq(memcmp(&signer, &nothing, sizeof signer), 0);
}

/* encoding.md 7: seed 00 01 02 .. 1f. */
Test(key, derive_as_the_reference) {
  uint8_t seed[32], public_key[32], key_id[32], again[32];
  for (size_t i = 0; i < 32; i++) seed[i] = (uint8_t)i;
  cr_assert_eq(bp_key_derive(seed, public_key, key_id, NULL), BP_OK);
  cr_assert_str_eq(to_hex(public_key, 32), "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
  cr_assert_str_eq(to_hex(key_id, 32), "98ba85304ac639f0f55daab01ad6d592be44a125d9b3b65e1efca5b96960baec");
  bp_key_id(public_key, again);
  cr_assert_arr_eq(again, key_id, 32);
  bp_key_id(NULL, again);
  bp_key_id(public_key, NULL);
}

Test(key, generated_ones_differ_and_can_be_derived) {
  uint8_t seeds[2][32], public_key[32], key_id[32], same_key[32], same_id[32];
  for (int i = 0; i < 2; i++) cr_assert_eq(bp_key_generate(seeds[i], public_key, key_id, NULL), BP_OK);
  cr_assert_neq(memcmp(seeds[0], seeds[1], 32), 0);
  cr_assert_eq(bp_key_derive(seeds[1], same_key, same_id, NULL), BP_OK);
  cr_assert_arr_eq(same_key, public_key, 32);
  cr_assert_arr_eq(same_id, key_id, 32);
}

Test(key, arguments_are_checked) {
  uint8_t bytes[32] = {1};
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_key_derive(NULL, bytes, bytes, &error), BP_ARGUMENT);
  cr_assert_eq(error.code, BP_ARGUMENT);
  cr_assert_eq(bp_key_derive(bytes, NULL, bytes, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_key_derive(bytes, bytes, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_key_generate(NULL, bytes, bytes, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_key_generate(bytes, NULL, bytes, NULL), BP_ARGUMENT);
}
